# Pooled model by nnet::multinom, without standard errors: Rscript nnet_pooled.R FOLDER
suppressPackageStartupMessages(library(nnet))
folder <- commandArgs(trailingOnly = TRUE)[1]
start <- proc.time()[["elapsed"]]
text <- paste(readLines(file.path(folder, "shape.json"), warn = FALSE), collapse = "")
number <- function(key) as.integer(sub(paste0('.*"', key, '": ([0-9]+).*'), "\\1", text))
n <- number("rows"); k <- number("columns")
X <- matrix(readBin(file.path(folder, "X.bin"), "double", n * k), n, k, byrow = TRUE)
y <- factor(readBin(file.path(folder, "y.bin"), "integer", n, size = 4))
read <- proc.time()[["elapsed"]]
# reltol is below its default, at which it stops before the coefficients have settled.
fit <- multinom(y ~ 0 + X, MaxNWts = 10000, maxit = 2000, reltol = 1e-12, Hess = FALSE, trace = FALSE)
fitted <- proc.time()[["elapsed"]]
cat(sprintf(
  '{"seconds": {"read": %.3f, "fit": %.3f}, "log_likelihood": %.8f, "converged": %s, "params": [%s]}\n',
  read - start, fitted - read, -fit$value, tolower(fit$convergence == 0),
  paste(sprintf("%.10f", as.vector(t(coef(fit)))), collapse = ", ")
))
