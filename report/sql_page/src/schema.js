// What there is to query: tables and columns with the comments they carry in the database.

const TABLES = `
  select view_name as table_name, comment from duckdb_views()
  where database_name = 'release' and schema_name = 'results' order by view_name`;
const COLUMNS = `
  select table_name, column_name, data_type, comment from duckdb_columns()
  where database_name = 'release' and schema_name = 'results' order by table_name, column_index`;

function described(term, type, comment) {
  const name = document.createElement("dt");
  const code = document.createElement("code");
  code.textContent = term;
  const kind = document.createElement("small");
  kind.textContent = type;
  name.append(code, " ", kind);
  const meaning = document.createElement("dd");
  meaning.textContent = comment ?? "";
  return [name, meaning];
}

function tableEntry({ table_name: table, comment }, columns, choose, chooseLabel) {
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  const name = document.createElement("code");
  name.textContent = `results.${table}`;
  summary.append(name);
  const meaning = document.createElement("p");
  meaning.lang = "en"; // comments are written in English
  meaning.textContent = comment ?? "";
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = chooseLabel;
  button.setAttribute("aria-label", `${chooseLabel}: results.${table}`);
  button.addEventListener("click", () => choose(`from results.${table}`));
  const list = document.createElement("dl");
  list.lang = "en";
  list.append(...columns.flatMap((column) => described(column.column_name, column.data_type, column.comment)));
  details.append(summary, meaning, button, list);
  return details;
}

/** Fills `place` with an entry a table; `choose` is called with a query that shows the table chosen. */
export async function showSchema(place, connection, choose, chooseLabel) {
  const rows = async (query) => (await connection.query(query)).toArray().map((row) => row.toJSON());
  const columns = await rows(COLUMNS);
  const tables = await rows(TABLES);
  place.replaceChildren(
    ...tables.map((table) => {
      const own = columns.filter((column) => column.table_name === table.table_name);
      return tableEntry(table, own, choose, chooseLabel);
    }),
  );
}
