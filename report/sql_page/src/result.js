// A query's result as plain columns and rows, whatever Arrow type the engine gave them.
//
// Belongs here: turning Arrow values into JavaScript ones and into text. Does not belong here: markup.

import { DataType } from "apache-arrow";

const SIGNIFICANT_DIGITS = 6;

function converter(type) {
  if (DataType.isTimestamp(type)) return (milliseconds) => new Date(Number(milliseconds)).toISOString();
  if (DataType.isDate(type)) return (milliseconds) => new Date(Number(milliseconds)).toISOString().slice(0, 10);
  if (DataType.isInt(type) || DataType.isFloat(type) || DataType.isBool(type)) return (value) => value;
  return (value) => (typeof value === "object" ? JSON.stringify(value, exact) : String(value));
}

// JSON knows no integer beyond doubles.
const exact = (_key, value) => (typeof value === "bigint" ? String(value) : value);

/**
 * @param {import("apache-arrow").Table} table
 * @returns {{names: string[], numeric: boolean[], rows: unknown[][]}} null stands for NULL
 */
export function readResult(table) {
  const fields = table.schema.fields;
  const columns = fields.map((field, position) => {
    const column = table.getChildAt(position);
    const convert = converter(field.type);
    return Array.from({ length: table.numRows }, (_, row) => {
      const value = column.get(row);
      return value === null || value === undefined ? null : convert(value);
    });
  });
  return {
    names: fields.map((field) => field.name),
    numeric: fields.map((field) => DataType.isInt(field.type) || DataType.isFloat(field.type)),
    rows: Array.from({ length: table.numRows }, (_, row) => columns.map((column) => column[row])),
  };
}

/** A value as the grid shows it: real numbers shortened, everything else whole. */
export function shown(value) {
  if (value === null) return "";
  if (typeof value === "number" && !Number.isInteger(value)) return String(Number(value.toPrecision(SIGNIFICANT_DIGITS)));
  return String(value);
}

/** Order of two values of a column: NULL last, numbers by size, text as the language sorts it. */
export function compare(one, other) {
  if (one === null || other === null) return (one === null) - (other === null);
  if (typeof one === "string") return one.localeCompare(other);
  return one < other ? -1 : Number(one > other);
}

const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** All rows as CSV (RFC 4180), numbers in full; NULL is empty, an empty text is "". */
export function csv({ names, rows }) {
  const cell = (value) => (value === null ? "" : value === "" ? '""' : quoted(String(value)));
  return [names.map(quoted), ...rows.map((row) => row.map(cell))].map((line) => `${line.join(",")}\r\n`).join("");
}
