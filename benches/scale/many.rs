//! A store with as many finished runs as one likes: the one that is there, copied under other ids and
//! numbers.

use std::path::Path;

/// What differs from copy to copy in each table; `n` is the copy's number.
const CHANGED: [(&str, &[(&str, &str)]); 5] = [
    ("delivery", &[("seq", "n"), ("id", "'dlv_' || HEX")]),
    ("delivery_place", &[("seq", "n"), ("id", "'dlv_' || HEX")]),
    ("run", &[("seq", "n"), ("id", "'run_' || HEX"), ("number", "n"), ("delivery", "'dlv_' || HEX")]),
    ("work", &[("run", "n")]),
    ("job", &[("seq", "n"), ("id", "'job_' || HEX"), ("run", "n")]),
];

/// Returns the statement that copies the row of a table with these columns.
fn copies(columns: &[String], (table, changed): (&str, &[(&str, &str)]), numbers: &str, hex: &str) -> String {
    let value = |column: &String| {
        let other = changed.iter().find(|(name, _)| name == column).map(|(_, value)| value.replace("HEX", hex));
        other.unwrap_or_else(|| format!("one.\"{column}\""))
    };
    let names: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
    let values: Vec<String> = columns.iter().map(value).collect();
    format!(
        "INSERT INTO {table} ({}) OVERRIDING SELECT {} FROM {numbers}, (SELECT * FROM {table} LIMIT 1) AS one",
        names.join(", "),
        values.join(", ")
    )
}

pub(crate) fn in_folder(folder: &Path, count: usize) {
    let database = rusqlite::Connection::open(folder.join("pipehook.db")).expect("the file opens");
    let transaction = database.unchecked_transaction().expect("a transaction");
    for (table, changed) in CHANGED {
        let mut query = database.prepare(&format!("SELECT name FROM pragma_table_info('{table}')")).expect("a table");
        let columns: Vec<String> =
            query.query_map([], |row| row.get(0)).expect("columns").collect::<Result<_, _>>().expect("names");
        let numbers = format!(
            "(WITH RECURSIVE counted (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM counted WHERE n < {count})
              SELECT n FROM counted)"
        );
        let sql = copies(&columns, (table, changed), &numbers, "printf('%032x', n)").replace("OVERRIDING", "");
        database.execute(&sql, []).expect("copies");
    }
    database
        .execute_batch(&format!(
            "UPDATE filing SET filed = {count};
             UPDATE counter SET value = max(value, {count}) WHERE scope IN ('run', 'revision')"
        ))
        .expect("counters");
    transaction.commit().expect("it is written");
}

pub(crate) fn in_database(address: &str, count: usize) {
    let programs = crate::database::programs().expect("PostgreSQL is on this machine");
    let run = |sql: &str| crate::database::run_sql(&programs, address, sql).expect(sql);
    for (table, changed) in CHANGED.into_iter().filter(|(table, _)| *table != "delivery_place") {
        let columns = run(&format!(
            "SELECT column_name FROM information_schema.columns
             WHERE table_schema = current_schema() AND table_name = '{table}' ORDER BY ordinal_position"
        ));
        let columns: Vec<String> = columns.lines().map(str::to_owned).collect();
        let sql = copies(
            &columns,
            (table, changed),
            &format!("generate_series(2, {count}) AS n"),
            "lpad(to_hex(n), 32, '0')",
        );
        let overriding = if matches!(table, "delivery" | "job") { "OVERRIDING SYSTEM VALUE" } else { "" };
        run(&sql.replace("OVERRIDING", overriding));
    }
    run(&format!(
        "UPDATE counter SET value = greatest(value, {count}) WHERE scope IN ('run', 'revision');
         SELECT setval(pg_get_serial_sequence('delivery', 'seq'), {count}),
                setval(pg_get_serial_sequence('job', 'seq'), {count}),
                setval('run_seq', {count});
         ANALYZE"
    ));
}
