//! The part of HTTP/1.1 that a probe and an example need: GET, with one request for each connection.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::service::Service;

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The length at which the service stops reading a request.
const LONGEST: u64 = 8 * 1024;

/// The answer to a request.
pub(crate) struct Response {
    status: Status,
    body: String,
}

/// The statuses of the answers.
#[derive(Clone, Copy)]
pub(crate) enum Status {
    Ok,
    BadRequest,
    NotFound,
    Unavailable,
}

impl Response {
    pub(crate) fn new(status: Status, body: impl fmt::Display) -> Response {
        let body = format!("{body}\n");
        Response { status, body }
    }
}

impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = match self.status {
            Status::Ok => "200 OK",
            Status::BadRequest => "400 Bad Request",
            Status::NotFound => "404 Not Found",
            Status::Unavailable => "503 Service Unavailable",
        };
        write!(
            f,
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{}",
            self.body.len(),
            self.body
        )
    }
}

/// Answers requests until the process ends.
pub(crate) async fn serve(listener: TcpListener, service: Arc<Service>) {
    loop {
        // An error here is an error of one client, or it passes.
        if let Ok((stream, _)) = listener.accept().await {
            let service = Arc::clone(&service);
            tokio::spawn(timeout(
                PATIENCE,
                async move { answer(stream, &service).await },
            ));
        }
    }
}

async fn answer(mut stream: TcpStream, service: &Service) -> io::Result<()> {
    let response = match path(&head(&mut stream).await?) {
        Some(path) => service.answer(path).await,
        None => Response::new(Status::BadRequest, "this is not a GET request"),
    };
    stream.write_all(response.to_string().as_bytes()).await?;
    stream.shutdown().await
}

/// The request up to the empty line, or up to `LONGEST`.
async fn head(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    let mut stream = stream.take(LONGEST);
    while !head.ends_with(b"\r\n\r\n") && stream.read_buf(&mut head).await? > 0 {}
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// The path of `GET /ready HTTP/1.1`.
fn path(head: &str) -> Option<&str> {
    let (target, _) = head.strip_prefix("GET ")?.split_once(" HTTP/1.")?;
    target.split('?').next()
}
