//! The two bare servers that pipehook is measured beside.

use actix_web::web::{Bytes, Data, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use std::path::Path;
use std::sync::mpsc;
use subtle::ConstantTimeEq;
use tokio::sync::oneshot;

/// What a bare server does with a delivery.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    /// Checks the HMAC and answers.
    Checksum,
    /// Checks it, writes one row with grouped commits, and answers when the row is on disk.
    Durable,
    /// The same in PostgreSQL.
    Postgres,
}

impl Kind {
    pub fn from_argument(argument: &str) -> Option<Self> {
        match argument {
            "--bare-checksum" => Some(Self::Checksum),
            "--bare-durable" => Some(Self::Durable),
            "--bare-postgres" => Some(Self::Postgres),
            _ => None,
        }
    }
}

type Row = (Vec<u8>, oneshot::Sender<()>);

/// Serves until killed.
pub fn serve(kind: Kind, folder: &str, database: Option<&str>) {
    let writer = match kind {
        Kind::Checksum => None,
        Kind::Durable => Some(writer(Path::new(folder))),
        Kind::Postgres => Some(postgres_writer(database.expect("the address of a database").to_owned())),
    };
    actix_web::rt::System::new().block_on(async move {
        let server = HttpServer::new(move || {
            App::new()
                .app_data(PayloadConfig::new(1 << 20))
                .app_data(Data::new(writer.clone()))
                .route("/webhooks/{name}", web::post().to(receive))
        })
        .workers(2)
        .bind(("127.0.0.1", 0))
        .expect("a free port");
        println!("listening on http://{}", server.addrs()[0]);
        server.run().await.expect("the server runs");
    });
}

async fn receive(request: HttpRequest, body: Bytes, writer: Data<Option<mpsc::Sender<Row>>>) -> HttpResponse {
    if !checksum_holds(&request, &body) {
        return HttpResponse::Unauthorized().finish();
    }
    if let Some(writer) = writer.as_ref() {
        let (done, durable) = oneshot::channel();
        writer.send((body.to_vec(), done)).expect("the writer runs");
        durable.await.expect("the writer answers");
    }
    HttpResponse::Ok().content_type("application/json").body("{}")
}

fn checksum_holds(request: &HttpRequest, body: &[u8]) -> bool {
    let mut mac = Hmac::<Sha1>::new_from_slice(b"secret").expect("any key will do");
    mac.update(body);
    let wanted = mac.finalize().into_bytes();
    let given = request.headers().get("X-WH-Checksum").and_then(|value| hex::decode(value.as_bytes()).ok());
    given.is_some_and(|given| given.ct_eq(wanted.as_slice()).into())
}

/// One thread, one table; all rows that wait go into one transaction.
fn writer(folder: &Path) -> mpsc::Sender<Row> {
    let (rows, waiting) = mpsc::channel::<Row>();
    let mut connection = rusqlite::Connection::open(folder.join("bare.db")).expect("a database");
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE delivery (id INTEGER PRIMARY KEY, body BLOB NOT NULL)",
        )
        .expect("a table");
    std::thread::spawn(move || {
        while let Ok(first) = waiting.recv() {
            let batch: Vec<Row> = std::iter::once(first).chain(waiting.try_iter().take(1_000)).collect();
            let transaction = connection.transaction().expect("a transaction");
            {
                let mut insert =
                    transaction.prepare_cached("INSERT INTO delivery (body) VALUES (?)").expect("a statement");
                for (body, _) in &batch {
                    insert.execute([body]).expect("an insert");
                }
            }
            transaction.commit().expect("a commit");
            for (_, done) in batch {
                // A client that has gone needs no answer.
                let _ = done.send(());
            }
        }
    });
    rows
}

/// One thread, one connection, one table; all rows that wait go into one statement.
fn postgres_writer(address: String) -> mpsc::Sender<Row> {
    let (rows, waiting) = mpsc::channel::<Row>();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let client = runtime.block_on(async {
            let (client, connection) =
                tokio_postgres::connect(&address, tokio_postgres::NoTls).await.expect("the database answers");
            tokio::spawn(connection);
            let table = "CREATE TABLE IF NOT EXISTS bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body bytea NOT NULL)";
            client.batch_execute(table).await.expect("a table");
            client
        });
        let insert = "INSERT INTO bare (body) SELECT body FROM unnest($1::bytea[]) AS new (body)";
        let insert = runtime.block_on(client.prepare(insert)).expect("a statement");
        while let Ok(first) = waiting.recv() {
            let batch: Vec<Row> = std::iter::once(first).chain(waiting.try_iter().take(1_000)).collect();
            let bodies: Vec<&[u8]> = batch.iter().map(|(body, _)| body.as_slice()).collect();
            runtime.block_on(client.execute(&insert, &[&bodies])).expect("an insert");
            for (_, done) in batch {
                // A client that has gone needs no answer.
                let _ = done.send(());
            }
        }
    });
    rows
}
