//! Receives the spans and events of the crate `tracing`, for the log and for a collector.

use tracing::Metadata;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::{Layer, Registry, registry};

use crate::console::Console;
use crate::log::Receiver;
#[cfg(feature = "otlp")]
use crate::otlp::Otlp;

/// What has to be ended after the command.
pub(crate) struct Receivers {
    #[cfg(feature = "otlp")]
    otlp: Option<Otlp>,
}

impl Receivers {
    /// Receives the spans and events of this process from now on, unless the program that contains the
    /// commands receives them already.
    pub(crate) fn start(console: &Console) -> Receivers {
        #[cfg(feature = "otlp")]
        let (otlp, spans) = Otlp::start(console).unzip();
        #[cfg(not(feature = "otlp"))]
        let spans = None::<tracing_subscriber::layer::Identity>;
        listen(spans, console);
        Receivers {
            #[cfg(feature = "otlp")]
            otlp,
        }
    }

    /// Waits until what was received is sent.
    #[cfg_attr(
        not(feature = "otlp"),
        expect(clippy::unused_self, reason = "nothing is sent")
    )]
    pub(crate) fn finish(self, console: &Console) {
        #[cfg(feature = "otlp")]
        if let Some(otlp) = self.otlp {
            otlp.finish(console);
        }
        #[cfg(not(feature = "otlp"))]
        let _ = console;
    }
}

fn listen(spans: Option<impl Layer<Registry> + Send + Sync>, console: &Console) {
    let log = console.is_log().then(|| Receiver::new(console));
    if spans.is_some() || log.is_some() {
        let subscriber = registry().with(spans).with(log).with(Ours);
        let _ = tracing::subscriber::set_global_default(subscriber);
    }
}

/// Lets through the spans and events of our crates.
struct Ours;

impl<S: tracing::Subscriber> Layer<S> for Ours {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        *metadata.level() <= tracing::Level::INFO && metadata.target().starts_with("migrator")
    }
}
