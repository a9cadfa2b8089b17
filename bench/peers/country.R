# Panel and pooled models of a country in data.table and nnet, as a good user of both would write them.
# The rules are those of docs/panel_rules.md for deliveries of 1 Januaries up to 2021 and `outcome_rule: year_end`.
# The models are fitted to the weighted patterns that rows come down to; their standard errors are not asked for.
# Run: Rscript country.R DELIVERY SEEDS OUT
suppressPackageStartupMessages({
  library(data.table)
  library(nnet)
})
words <- commandArgs(trailingOnly = TRUE)
delivery <- words[1]; seeds <- words[2]; out <- words[3]
started <- proc.time()[["elapsed"]]
setDTthreads(0)
KEY <- "lopenr_person"
FIRST_YEAR <- 2015L
OUTCOMES <- c("stay", "internal_move", "emigration")
GROUPS <- c(B = "immigrant", C = "norwegian_born", A = "native", E = "native", F = "native", G = "native")
LABOUR <- c("1" = "employed", "2" = "employed", "3" = "unemployed",
            "0" = "outside_labour_force", "4" = "outside_labour_force", "9" = "outside_labour_force")
EDUCATION <- c("0" = "compulsory", "1" = "compulsory", "2" = "compulsory", "3" = "upper_secondary",
               "4" = "upper_secondary", "5" = "upper_secondary", "6" = "short_higher", "7" = "long_higher",
               "8" = "long_higher", "9" = "unknown")
REFERENCES <- c(centrality = "5*", sex = "male", family_situation = "alone", labour_market_status = "employed",
                education = "upper_secondary", year = as.character(FIRST_YEAR))
SPLIT_SUCCESSORS <- c("1850" = "1875", "5012" = "5059")

# A file as texts: names in lower case, the key without its prefix, without exact copies of rows.
load_file <- function(path) {
  table <- fread(path, sep = ";", colClasses = "character", na.strings = c("", "NA", "."), encoding = "UTF-8")
  setnames(table, sub("^.*lopenr_person$", KEY, tolower(names(table))))
  unique(table)
}
files <- function(pattern) list.files(delivery, pattern = pattern, full.names = TRUE, ignore.case = TRUE)
year_of_file <- function(path, pattern) as.integer(sub(paste0("^.*", pattern, "([0-9]{4}).*$"), "\\1", tolower(path)))
# Without those who stand there twice, differently.
by_person <- function(table) {
  twice <- table[duplicated(get(KEY)), get(KEY)]
  if (length(twice)) table[!get(KEY) %chin% twice] else table
}
of_years <- function(pattern) {
  rbindlist(lapply(files(pattern), function(path) by_person(load_file(path))[, year := year_of_file(path, pattern)]),
            use.names = TRUE)
}
# A wide file as filled values by person and year.
wide <- function(table, pattern, value) {
  long <- melt(table, id.vars = KEY, measure.vars = grep(pattern, names(table), value = TRUE), value.name = value,
               variable.name = "name", na.rm = TRUE, variable.factor = TRUE)
  years <- 2000L + as.integer(sub("^.*([0-9]{2})(_dat)?$", "\\1", levels(long$name)))
  long[, year := years[as.integer(name)]][, name := NULL][]
}
plain <- function(text) sub("\\.0+$", "", text)
padded <- function(text, width) {
  text <- plain(text)
  short <- which(nchar(text) < width)
  text[short] <- paste0(strrep("0", width - nchar(text[short])), text[short])
  text
}
# Days as YYYYMMDD of the three forms that deliveries have; a month is a day without its last two digits.
days <- function(text) {
  text <- plain(text)
  text <- sub("^([0-9]{2})\\.([0-9]{2})\\.([0-9]{4})$", "\\3\\2\\1", text)
  as.integer(gsub("-", "", text, fixed = TRUE))
}

codes <- fread(file.path(seeds, "municipality_code.csv"), colClasses = "character")
changes <- fread(file.path(seeds, "municipality_change.csv"), colClasses = "character")[valid_from <= "2021-01-01"]
setorder(changes, valid_from)
classes <- fread(file.path(seeds, "municipality_centrality.csv"), colClasses = "character")
centrality <- setNames(fifelse(classes$centrality_class %in% c("5", "6"), "5*", classes$centrality_class),
                       classes$municipality_code_2020)
to_2020 <- setNames(names(centrality), names(centrality))
for (i in rev(seq_len(nrow(changes)))) {
  old <- changes$old_code[i]; new <- changes$new_code[i]
  if (new %in% names(to_2020) && (!old %in% names(SPLIT_SUCCESSORS) || SPLIT_SUCCESSORS[[old]] == new)) {
    to_2020[old] <- to_2020[[new]]
  }
}
later <- merge(changes, changes, by.x = "new_code", by.y = "old_code", allow.cartesian = TRUE)[valid_from.x < valid_from.y]
successors <- unique(rbind(changes[, .(code = old_code, next_code = new_code)],
                           later[, .(code = old_code, next_code = new_code.y)]))[, successor := TRUE]
valid <- rbindlist(lapply(2014:2021, function(y) {
  day <- sprintf("%d-01-01", y)
  codes[valid_from <= day & valid_to > day, .(code = municipality_code, year = y, is_valid = TRUE)]
}))

residence <- wide(by_person(load_file(files("bostedskommune"))), "^bostedskommune_", "code")[, code := padded(code, 4)]
residence[valid, is_valid := TRUE, on = .(code, year)]
residence[, kind := fcase(code == "9999", "unknown", substr(code, 1, 2) %chin% as.character(21:26), "not_mainland",
                          is.na(is_valid), "unknown", default = "known")]
residence[, place := to_2020[code]]
regstat <- by_person(load_file(files("regstat")[!grepl("famtyp", files("regstat"))]))
status <- wide(regstat, "^regstat_[0-9]+$", "status")
since <- wide(regstat, "^regstat_[0-9]+_dat$", "since")[, since := days(since)]
status <- merge(status, since, by = c(KEY, "year"), all = TRUE)
persons <- by_person(load_file(files("faste_oppl")))[, .(
  lopenr_person, birth_year = as.integer(substr(plain(foedsels_aar_mnd), 1, 4)),
  death_month = as.integer(substr(gsub("-", "", plain(doeds_aar_mnd), fixed = TRUE), 1, 6)),
  sex = c("1" = "male", "2" = "female")[kjoenn], population_group = GROUPS[invkat])]
events <- rbindlist(lapply(files("flytting"), function(path) {
  load_file(path)[, .(lopenr_person, flyttetype, moved = days(flyttedato), registered = days(regdato))]
}))
internal <- unique(events[flyttetype == "1", .(lopenr_person, year = fcoalesce(moved, registered) %/% 10000L)])
internal[, has_moved := TRUE]
left <- events[flyttetype == "3"]
emigrations <- rbind(left[!is.na(moved), .(lopenr_person, year = moved %/% 10000L, emigrated = moved %/% 100L)],
                     left[!is.na(registered), .(lopenr_person, year = registered %/% 10000L,
                                                emigrated = pmax(moved, registered, na.rm = TRUE) %/% 100L)])
emigrations <- emigrations[, .(emigrated = min(emigrated)), by = .(lopenr_person, year)]
dead <- status[status == "5" & !is.na(since), .(dead = min(since %/% 100L)), by = .(lopenr_person, year = since %/% 10000L)]
family <- of_years("hush_fam_")
labour <- of_years("regsys_")[, .(lopenr_person, year = year + 1L, work = LABOUR[arb_arbmark_status])]
education <- wide(by_person(load_file(files("bu_utd"))), "^bu_", "nus")
education <- education[, .(lopenr_person, year = year + 1L, school = EDUCATION[substr(padded(nus, 6), 1, 1)])]
read_done <- proc.time()[["elapsed"]]

last_year <- max(residence$year)
panel <- residence[year >= FIRST_YEAR & year < last_year & kind == "known", .(lopenr_person, year, code, place)]
panel[status, status := i.status, on = c(KEY, "year")]
panel <- panel[is.na(status) | status == "1"]
panel <- panel[persons, on = KEY, nomatch = NULL]
panel[, age := year - birth_year - 1L]
panel <- panel[!is.na(sex) & !is.na(population_group) & age %between% c(25L, 64L)]
residence[, year := year - 1L]
status[, year := year - 1L]
panel[residence, `:=`(next_code = i.code, next_kind = i.kind, next_place = i.place), on = c(KEY, "year")]
panel[status, `:=`(next_status = i.status, since = i.since), on = c(KEY, "year")]
panel[internal, has_moved := TRUE, on = c(KEY, "year")]
panel[emigrations, emigrated := i.emigrated, on = c(KEY, "year")]
panel[dead, dead := i.dead, on = c(KEY, "year")]
panel[successors, successor := TRUE, on = .(code, next_code)]
panel[, died := fifelse(!is.na(death_month) & death_month %/% 100L == year, death_month, dead)]
panel[, resident := !is.na(next_code) & (is.na(next_status) | next_status == "1")]
panel[, same := (!is.na(next_place) & next_kind == "known" & place == next_place) | (!is.na(successor) & is.na(has_moved))]
panel[, as_left := next_status %chin% c("3", "4") & (is.na(since) | (since %/% 10000L - year) %in% c(-1L, 0L))]
panel[, outcome := fcase(
  resident & next_kind == "unknown", "unknown_municipality", resident & same, "stay", resident, "internal_move",
  !is.na(died) & (is.na(emigrated) | emigrated > died), "died", !is.na(emigrated) | as_left, "emigration",
  default = "unexplained_exit")]
panel <- panel[outcome %chin% OUTCOMES, .(lopenr_person, year, population_group, sex, age, place, outcome)]
family[, couple := tolower(parstatus) %chin% c("1", "2", "3", "5", "6", "7", "u", "p")]
family[, married := parstatus %chin% c("1", "2")]
family[, children := startsWith(fcoalesce(regstat_famtyp, ""), "2.")]
family[, situation := fcase(
  couple & married & children, "married_with_children", couple & married, "married_no_children",
  couple & children, "cohabiting_with_children", couple, "cohabiting_no_children",
  startsWith(fcoalesce(regstat_famtyp, ""), "1.1"), "alone",
  grepl("^2\\.[34]", regstat_famtyp) & !is.na(lopenr_familie) & lopenr_familie == lopenr_person, "single_parent",
  default = "other")]
panel[family, family_situation := i.situation, on = c(KEY, "year")]
panel[labour, labour_market_status := i.work, on = c(KEY, "year")]
panel[education, education := i.school, on = c(KEY, "year")]
panel[, centrality := centrality[place]]
for (name in c("family_situation", "labour_market_status", "education")) {
  set(panel, which(is.na(panel[[name]])), name, "unknown")
}
fwrite(panel[, .(n = .N), by = .(year, population_group, outcome)], file.path(out, "counts.csv"))
panel_done <- proc.time()[["elapsed"]]

# Without the rows at a missing level where some outcome never happens, until there is none.
without_empty_unknowns <- function(rows) {
  for (name in rep(c("family_situation", "labour_market_status", "education"), 3)) {
    unknown <- rows[get(name) == "unknown"]
    if (nrow(unknown) && uniqueN(unknown$outcome) < 3) rows <- rows[get(name) != "unknown"]
  }
  rows
}
panel[, year := as.character(year)]
patterns <- panel[, .(n = .N), by = c("population_group", "age", names(REFERENCES), "outcome")]
estimates <- list()
for (group in unique(GROUPS)) {
  rows <- without_empty_unknowns(patterns[population_group == group])
  for (name in names(REFERENCES)) rows[, (name) := relevel(factor(get(name)), REFERENCES[[name]])]
  rows[, outcome := factor(outcome, OUTCOMES)][, decades := (age - 35) / 10]
  formula <- reformulate(c("decades", "I(decades^2)", names(REFERENCES)), "outcome")
  # reltol is below its default, at which it stops before the coefficients have settled.
  fit <- multinom(formula, rows, weights = n, MaxNWts = 10000, maxit = 2000, reltol = 1e-12, trace = FALSE)
  found <- as.data.table(t(coef(fit)), keep.rownames = "column")
  found <- melt(found, id.vars = "column", variable.name = "outcome", value.name = "estimate")
  estimates[[group]] <- found[, population_group := group]
}
estimates <- rbindlist(estimates)
for (name in names(REFERENCES)) estimates[, column := sub(paste0("^", name), paste0(name, "|"), column)]
renamed <- c("(Intercept)" = "intercept|", "decades" = "age|", "I(decades^2)" = "age_squared|")
estimates[column %in% names(renamed), column := renamed[column]]
fwrite(estimates, file.path(out, "coefficients.csv"))
cat(sprintf('{"seconds": {"read": %.3f, "panel": %.3f, "models": %.3f}, "rows": %d}\n', read_done - started,
            panel_done - read_done, proc.time()[["elapsed"]] - panel_done, nrow(panel)))
