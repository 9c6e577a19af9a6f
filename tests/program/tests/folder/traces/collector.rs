//! A collector of OpenTelemetry: an HTTP server that keeps the spans which it receives.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use prost::Message;

/// How the server answers a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    /// It answers with this status.
    Status(&'static str),
    /// It reads the request and does not answer.
    Silence,
}

/// A request that the server has read.
#[derive(Clone)]
pub(super) struct Received {
    /// The request line and the headers, in lower case.
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

/// The server. It answers after it has kept a request, so the client of a request that was answered
/// can be sure that it is kept.
pub(super) struct Collector {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Collector {
    pub(super) fn start(answer: Answer) -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let received = Arc::<Mutex<Vec<Received>>>::default();
        let kept = received.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = kept.clone();
                thread::spawn(move || serve(&stream, answer, &kept));
            }
        });
        Collector { address, received }
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn received(&self) -> Vec<Received> {
        let received = self.received.lock();
        received.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The spans of all requests, by the program that they come from.
    pub(super) fn resources(&self) -> Vec<ResourceSpans> {
        let received = self.received();
        let requests = received
            .iter()
            .map(|request| ExportTraceServiceRequest::decode(&*request.body).expect("it is OTLP"));
        requests.flat_map(|one| one.resource_spans).collect()
    }

    /// The spans of all requests.
    pub(super) fn spans(&self) -> Vec<Span> {
        let scopes = self.resources().into_iter().flat_map(|one| one.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }
}

/// Reads the requests of a connection until the client closes it.
fn serve(stream: &TcpStream, answer: Answer, kept: &Mutex<Vec<Received>>) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let mut all = kept.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(request);
        drop(all);
        if let Answer::Status(status) = answer {
            let text = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
            let mut stream = stream;
            if stream.write_all(text.as_bytes()).is_err() {
                return;
            }
        }
    }
}

/// The next request; `None` at the end of the connection.
fn read(reader: &mut impl BufRead) -> Option<Received> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let head = head.to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length = length.and_then(|length| length.parse().ok());
    let mut body = vec![0; length.expect("the request has a length")];
    reader.read_exact(&mut body).ok()?;
    Some(Received { head, body })
}

/// The value of an attribute, as text. A number of milliseconds is `number`.
pub(super) fn attribute(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    let value = found.and_then(|attribute| attribute.value.clone()?.value);
    match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(_)) => "number".to_owned(),
        other => format!("{other:?}"),
    }
}
