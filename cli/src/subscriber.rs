//! Receives the spans and events of the crate `tracing`, for the log and for a collector.

use tracing::Metadata;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::{Layer, Registry, registry};

use crate::console::Console;
use crate::log::Receiver;
#[cfg(feature = "otlp")]
use crate::otlp::Otlp;

/// The receivers to shut down after the command.
pub(crate) struct Receivers {
    /// Whether the process has a subscriber already, which gets the spans and events instead.
    pub(crate) are_replaced: bool,
    #[cfg(feature = "otlp")]
    otlp: Option<Otlp>,
}

impl Receivers {
    /// Receives the spans and events of this process, unless the program that contains the commands
    /// does.
    pub(crate) fn start(console: &Console) -> Receivers {
        #[cfg(feature = "otlp")]
        let (otlp, spans) = Otlp::start(console).unzip();
        #[cfg(not(feature = "otlp"))]
        let spans = None::<tracing_subscriber::layer::Identity>;
        let are_replaced = !listen(spans, console);
        Receivers {
            are_replaced,
            #[cfg(feature = "otlp")]
            otlp: otlp.filter(|_| !are_replaced),
        }
    }

    /// Sends the last spans, and shuts the receivers down.
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

/// Whether the receivers that the command needs get the spans and events.
fn listen(spans: Option<impl Layer<Registry> + Send + Sync>, console: &Console) -> bool {
    let log = console.is_log().then(|| Receiver::new(console));
    if spans.is_none() && log.is_none() {
        return true;
    }
    let subscriber = registry().with(spans).with(log).with(Ours);
    tracing::subscriber::set_global_default(subscriber).is_ok()
}

/// Lets through the spans and events of our crates.
struct Ours;

impl<S: tracing::Subscriber> Layer<S> for Ours {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        *metadata.level() <= tracing::Level::INFO && metadata.target().starts_with("migrator")
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::registry;

    use super::Receivers;
    use crate::arguments::{Format, LogFormat, Loudness};
    use crate::console::Console;

    #[test]
    fn a_subscriber_of_the_program_stays() {
        tracing::subscriber::set_global_default(registry()).expect("no other test sets one");
        let console = Console::new(Format::Text, Loudness::Quiet, clap::ColorChoice::Never);
        assert!(!Receivers::start(&console).are_replaced);
        let console = console.with_log(LogFormat::Json);
        assert!(Receivers::start(&console).are_replaced);
        assert!(console.logs_events());
        assert!(!console.without_events().logs_events());
    }
}
