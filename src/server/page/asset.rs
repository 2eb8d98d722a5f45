//! Style, script and icon, part of the binary: nothing is fetched from anywhere else.

use crate::server::error::Failure;
use actix_web::{HttpResponse, web};

/// Where they are. They are the same for everybody, so nobody need show anything.
const FOLDER: &str = "/assets/";

/// Names, media types, and what they are.
const ASSETS: [(&str, &str, &str); 3] = [
    ("page.css", "text/css; charset=utf-8", include_str!("asset/page.css")),
    ("page.js", "text/javascript; charset=utf-8", include_str!("asset/page.js")),
    ("icon.svg", "image/svg+xml", include_str!("asset/icon.svg")),
];

/// Says whether a path leads to one of them.
pub(in crate::server) fn is_asset(path: &str) -> bool {
    path.strip_prefix(FOLDER).is_some_and(|name| ASSETS.iter().any(|asset| asset.0 == name))
}

/// Returns one of them.
pub(in crate::server) async fn serve(name: web::Path<String>) -> Result<HttpResponse, Failure> {
    let (_, media, text) = ASSETS.iter().find(|asset| asset.0 == name.as_str()).ok_or(Failure::NotFound)?;
    Ok(HttpResponse::Ok().content_type(*media).body(*text))
}
