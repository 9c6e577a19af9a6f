//! The feature `otlp`: the spans of a run arrive at a collector, and a collector that does not work
//! costs a warning.

mod collector;

use std::path::Path;
use std::process::Command;

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

use self::collector::{Answer, Collector, attribute};
use super::support::{database, on, output};
use super::{FOLDER, checkout};

/// The migrations of the tree in [`FOLDER`].
const MIGRATIONS: [&str; 5] = [
    "auth/20240119104233_create_accounts_table",
    "auth/20240131140253_create_sessions_table",
    "tenant/20240116100312_create_tenants_table",
    "tenant/20240614080927_add_tenant_owner",
    "user/20240126083015_create_profiles_table",
];

/// An endpoint at which no server listens.
const NOBODY: &str = "http://127.0.0.1:1";

/// The variables of a proxy, which would get requests to the collector.
const PROXIES: [&str; 6] = [
    "ALL_PROXY",
    "all_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
];

/// `up` with a collector.
fn up(url: &str, folder: &Path, endpoint: &str) -> Command {
    let mut command = on(url, folder, &["up", "--service=all"]);
    for name in PROXIES {
        command.env_remove(name);
    }
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    command
}

fn of<'s>(spans: &'s [Span], name: &str) -> Vec<&'s Span> {
    spans.iter().filter(|span| span.name == name).collect()
}

fn is_failed(span: &Span) -> bool {
    let status = span.status.as_ref();
    status.is_some_and(|status| status.code() == StatusCode::Error)
}

#[test]
fn the_steps_of_a_run_are_spans_of_a_trace() {
    let (url, collector) = (database(), Collector::start(Answer::Status("200 OK")));
    let mut command = up(&url, Path::new(FOLDER), &collector.endpoint());
    let printed = output(command.env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer t0ken"));
    assert!(printed.starts_with("exit: 0\n"), "{printed}");
    assert!(printed.ends_with("stderr -----\n"), "{printed}");
    for request in collector.received() {
        let head = request.head;
        assert!(head.starts_with("post /v1/traces http/1.1\r\n"), "{head}");
        assert!(head.contains("content-type: application/x-protobuf\r\n"));
        assert!(head.contains("authorization: bearer t0ken\r\n"), "{head}");
    }
    for one in collector.resources() {
        let resource = one.resource.expect("it says what the program is");
        let text = |key| attribute(&resource.attributes, key);
        assert_eq!(text("service.name"), "migrator");
        assert_eq!(text("service.version"), env!("CARGO_PKG_VERSION"));
    }

    let spans = collector.spans();
    let [run] = *of(&spans, "run") else {
        panic!("the command has a run: {spans:#?}");
    };
    assert!(run.parent_span_id.is_empty(), "{run:#?}");
    assert!(spans.iter().all(|span| span.trace_id == run.trace_id));
    assert!(!spans.iter().any(is_failed), "{spans:#?}");
    let text = |key| attribute(&run.attributes, key);
    assert_eq!((&*text("operation"), &*text("steps")), ("up", "5"));
    assert_eq!(text("milliseconds"), "number");
    let legs = of(&spans, "leg");
    assert!(legs.iter().all(|leg| leg.parent_span_id == run.span_id));

    let mut migrations = Vec::new();
    for step in of(&spans, "step") {
        let is_parent = |leg: &&&Span| leg.span_id == step.parent_span_id;
        let leg = legs.iter().find(is_parent).expect("a step is in a leg");
        assert!(leg.start_time_unix_nano <= step.start_time_unix_nano);
        assert!(step.start_time_unix_nano <= step.end_time_unix_nano);
        assert!(step.end_time_unix_nano <= run.end_time_unix_nano);
        let text = |key| attribute(&step.attributes, key);
        assert_eq!(text("service"), attribute(&leg.attributes, "service"));
        assert_eq!(text("milliseconds"), "number");
        assert_eq!((&*text("retries"), &*text("waits")), ("0", "0"));
        let applied = step.events.iter().any(|event| event.name == "applied");
        assert!(applied, "{step:#?}");
        let (service, version) = (text("service"), text("version"));
        migrations.push(format!("{service}/{version}_{}", text("name")));
    }
    migrations.sort();
    assert_eq!(migrations, MIGRATIONS);
}

#[test]
fn a_failed_step_and_its_run_are_failed_spans_without_a_password() {
    let (url, collector) = (database(), Collector::start(Answer::Status("200 OK")));
    let checkout = checkout();
    let stem = "database/migrations/shop/20240102120000_1a1b2c3d_divide";
    for (direction, sql) in [("up", "SELECT 1 / 0;\n"), ("down", "SELECT 1;\n")] {
        let path = checkout.path().join(format!("{stem}.{direction}.sql"));
        std::fs::write(path, sql).expect("it can be written");
    }
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{separator}password=s3cr3t");
    let printed = output(&mut up(&url, checkout.path(), &collector.endpoint()));
    assert!(printed.starts_with("exit: 1\n"), "{printed}");
    assert!(!printed.contains("cannot send traces"), "{printed}");

    let spans = collector.spans();
    let failed = spans.iter().filter(|span| is_failed(span));
    let failed: Vec<&str> = failed.map(|span| &*span.name).collect();
    assert_eq!(failed, ["step", "run"], "{spans:#?}");
    let steps = of(&spans, "step");
    let text = |step: &Span| attribute(&step.attributes, "version");
    let versions: Vec<String> = steps.iter().map(|step| text(step)).collect();
    assert_eq!(versions, ["20240101120000", "20240102120000"]);
    let run = of(&spans, "run")[0];
    let text = |key| attribute(&run.attributes, key);
    assert_eq!((&*text("steps"), &*text("code")), ("1", "M0501"));
    assert!(text("error").contains("division by zero"), "{run:#?}");
    for request in collector.received() {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        assert!(!body.contains("s3cr3t"), "{body}");
    }
}

#[test]
fn a_collector_that_does_not_work_costs_one_warning() {
    let silent = Collector::start(Answer::Silence);
    let full = Collector::start(Answer::Status("503 Service Unavailable"));
    // The timeout of the others is longer than any of them needs.
    for (endpoint, timeout, why) in [
        (NOBODY.to_owned(), "60000", "Connection refused"),
        (
            full.endpoint(),
            "60000",
            "the collector answers with the status 503",
        ),
        (silent.endpoint(), "200", ""),
    ] {
        let (url, checkout) = (database(), checkout());
        let mut command = up(&url, checkout.path(), &endpoint);
        let printed = output(command.env("OTEL_EXPORTER_OTLP_TIMEOUT", timeout));
        assert!(printed.starts_with("exit: 0\n"), "{printed}");
        assert!(printed.contains("\napplied shop/2024"), "{printed}");
        let (_, stderr) = printed.split_once("stderr -----\n").expect("it has both");
        let start = format!("warning: cannot send traces to `{endpoint}/v1/traces`: {why}");
        assert!(stderr.starts_with(&start), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
    assert!(!silent.received().is_empty());
}

#[test]
fn a_variable_that_cannot_be_used_costs_a_warning_without_its_password() {
    for (name, value, why) in [
        (
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "grpc",
            "`OTEL_EXPORTER_OTLP_PROTOCOL` is `grpc`, and the command sends `http/protobuf` only",
        ),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "collector of s3cr3t",
            "`OTEL_EXPORTER_OTLP_ENDPOINT` is not an HTTP URL",
        ),
    ] {
        let (url, checkout) = (database(), checkout());
        let mut command = up(&url, checkout.path(), NOBODY);
        let printed = output(command.env(name, value));
        assert!(printed.starts_with("exit: 0\n"), "{printed}");
        let warning = format!("stderr -----\nwarning: no traces are sent: {why}\n");
        assert!(printed.ends_with(&warning), "{printed}");
    }
}
