//! The way to the database, kept secret, and who is at its other end.

use crate::database;
use crate::support::{ANSWER_MAX, until};
use pipehook::store::{Address, LeaseClock, PostgresStore};
use std::path::Path;
use std::process::{Command, Stdio};

/// Makes a certificate for `localhost` and who issued it, and somebody whom nobody knows.
const CERTIFICATES: &str = r#"
set -eu
cd "$1"
key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
for name in ca stranger; do
  openssl req -x509 $key -keyout $name.key -out $name.pem -subj "/CN=$name" -days 2
done
openssl req $key -keyout server.key -out server.csr -subj /CN=localhost
echo subjectAltName=DNS:localhost >server.ext
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile server.ext
chmod 600 server.key
chown --reference=. *
"#;

#[tokio::test]
async fn a_certificate_is_looked_at_where_that_is_asked_for() {
    let Some(server) = database::Server::start() else { return };
    if !make_certificates(server.folder()) {
        return;
    }
    let place = server.folder().display();
    for (name, file) in [("ssl_cert_file", "server.pem"), ("ssl_key_file", "server.key")] {
        server.sql(&format!("ALTER SYSTEM SET {name} = '{place}/{file}'"));
    }
    server.sql("ALTER SYSTEM SET ssl = on");
    server.restart("fast");
    let port = server.port();
    let open = async |host: &str, query: &str| {
        let address = Address::parse(&format!("postgres://pipehook@{host}:{port}/postgres?{query}"));
        PostgresStore::open(address.expect("an address"), LeaseClock::Database).await
    };
    let (own, other) = (format!("sslrootcert={place}/ca.pem"), format!("sslrootcert={place}/stranger.pem"));
    for (host, query, is_secret) in [
        ("localhost", "sslmode=disable".to_owned(), "f"),
        ("127.0.0.1", String::new(), "t"),
        ("127.0.0.1", "sslmode=require".to_owned(), "t"),
        ("localhost", format!("sslmode=verify-full&{own}"), "t"),
        ("localhost", own.clone(), "t"),
    ] {
        let _store = open(host, &query).await.unwrap_or_else(|error| panic!("{query}: {error}"));
        let ways = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                    WHERE application_name = 'pipehook'";
        let seen = until("a connection", ANSWER_MAX, || Some(server.sql(ways)).filter(|seen| !seen.is_empty()));
        assert_eq!(seen, is_secret, "{query}");
    }
    let system = "sslmode=verify-full".to_owned();
    let helps =
        ["not valid for name", "Name the certificate of the authority", "Name the certificate of the authority"];
    for ((host, query), help) in
        [("127.0.0.1", &own), ("localhost", &other), ("localhost", &system)].into_iter().zip(helps)
    {
        let refused = open(host, query).await.err().unwrap_or_else(|| panic!("{host} is not known by {query}"));
        assert!(
            refused.to_string().contains("certificate") && refused.to_string().contains(help),
            "{host} {query}: {refused}"
        );
    }
    for (name, file) in [("ssl_cert_file", "ca.pem"), ("ssl_key_file", "ca.key")] {
        server.sql(&format!("ALTER SYSTEM SET {name} = '{place}/{file}'"));
    }
    server.restart("fast");
    let refused = open("localhost", &own).await.err().expect("an authority is no server");
    assert!(refused.to_string().contains("one that an authority has signed"), "{refused}");
    let missing = open("localhost", "sslrootcert=/nowhere/ca.pem").await.err().expect("there is no such file");
    assert!(missing.to_string().contains("/nowhere/ca.pem"), "{missing}");
}

/// Says whether they could be made; they must be where all tests must run.
fn make_certificates(folder: &Path) -> bool {
    let mut command = Command::new("bash");
    command.args(["-c", CERTIFICATES, "certificates"]).arg(folder).stdout(Stdio::null()).stderr(Stdio::null());
    let made = command.status().expect("bash starts").success();
    assert!(made || std::env::var_os("CI").is_none(), "openssl is missing");
    if !made {
        eprintln!("NOT RUN: no certificates can be made here, openssl is missing");
    }
    made
}
