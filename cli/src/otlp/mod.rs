//! Sends the spans of runs to a collector of OpenTelemetry, over HTTP. Without an endpoint in the
//! environment, it sends nothing.
//!
//! A separate thread sends the spans while the command works. `target` reads the environment, and
//! `client` sends requests. A collector that does not answer costs at most [`AT_END`] and a warning.

mod client;
mod target;

use std::env;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{Key, KeyValue};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider,
};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::Registry;

use self::client::{Client, Failure};
use self::target::Target;
use crate::console::Console;

/// How long a command waits at its end for the collector.
const AT_END: Duration = Duration::from_secs(5);

/// How many spans wait for the collector. The memory for them is reserved.
const QUEUE: usize = 8192;

/// The name of the instrumentation, and of the service unless the environment names one.
const NAME: &str = "migrator";

/// The thread that sends spans.
pub(crate) struct Otlp {
    target: Target,
    provider: SdkTracerProvider,
    failure: Failure,
}

/// Turns spans of the crate `tracing` into spans of OpenTelemetry.
pub(crate) type Spans = OpenTelemetryLayer<Registry, SdkTracer>;

impl Otlp {
    /// Starts the thread if the environment names a collector.
    pub(crate) fn start(console: &Console) -> Option<(Otlp, Spans)> {
        let target = Target::read(|name| env::var(name).ok());
        let started = target.and_then(|target| {
            let started = target.map(Otlp::to);
            started.transpose().map_err(|error| error.to_string())
        });
        started.unwrap_or_else(|why| {
            console.warning(&format!("no traces are sent: {why}"));
            None
        })
    }

    fn to(target: Target) -> Result<(Otlp, Spans), ExporterBuildError> {
        let failure = Failure::default();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client::new(&target, failure.clone()))
            .with_endpoint(target.uri.to_string())
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(target.timeout)
            .build()?;
        let batches = BatchConfigBuilder::default().with_max_queue_size(QUEUE);
        let processor = BatchSpanProcessor::builder(exporter)
            .with_batch_config(batches.build())
            .build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(processor)
            .with_resource(resource())
            .build();
        // The file and the line of a span in the source of the command mean nothing to its user.
        let spans = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer(NAME))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false);
        let otlp = Otlp {
            target,
            provider,
            failure,
        };
        Ok((otlp, spans))
    }

    /// Sends the last spans, and says if any could not be sent.
    pub(crate) fn finish(self, console: &Console) {
        let ended = self.provider.shutdown_with_timeout(AT_END);
        let failed = self.failure.get().cloned();
        if let Some(why) = failed.or_else(|| ended.err().map(unfinished)) {
            let target = self.target.shown();
            console.warning(&format!("cannot send traces to `{target}`: {why}"));
        }
    }
}

fn unfinished(error: OTelSdkError) -> String {
    match error {
        OTelSdkError::Timeout(time) => format!("no answer in {} s", time.as_secs()),
        error @ (OTelSdkError::AlreadyShutdown | OTelSdkError::InternalFailure(_)) => {
            error.to_string()
        }
    }
}

/// What describes the program that the spans come from.
fn resource() -> Resource {
    let found = Resource::builder().build();
    let name = found.get(&Key::from_static_str("service.name"));
    let is_named = name.is_some_and(|name| !name.as_str().starts_with("unknown_service"));
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = match is_named {
        true => Resource::builder(),
        false => Resource::builder().with_service_name(NAME),
    };
    resource.with_attribute(version).build()
}
