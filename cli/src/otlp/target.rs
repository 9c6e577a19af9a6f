//! The collector that the environment names, by the variables of OpenTelemetry.

use std::time::Duration;

use ureq::http::Uri;

/// Where to send spans, and how long to wait for an answer.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) uri: Uri,
    pub(super) timeout: Duration,
}

/// Each name has a variable for all signals, and one for traces, which takes precedence.
const ENDPOINT: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
];
const PROTOCOL: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
];
const TIMEOUT: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
];

/// The only protocol that the command speaks.
const SPOKEN: &str = "http/protobuf";

impl Target {
    /// The target; `None` if the environment names no collector or turns traces off.
    ///
    /// # Errors
    ///
    /// A variable has a value that the command cannot use. The sentence does not contain the endpoint,
    /// which may have a password.
    pub(super) fn read(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Target>, String> {
        let is = |name, value: &str| variable(name).is_some_and(|v| v.eq_ignore_ascii_case(value));
        if is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none") {
            return Ok(None);
        }
        let first = |names: [&'static str; 2]| {
            let values = names.map(|name| variable(name).map(|value| (name, value)));
            values.into_iter().flatten().find(|(_, v)| !v.is_empty())
        };
        let Some((name, endpoint)) = first(ENDPOINT) else {
            return Ok(None);
        };
        if let Some((name, protocol)) = first(PROTOCOL)
            && protocol != SPOKEN
        {
            let why = format!("`{name}` is `{protocol}`, and the command sends `{SPOKEN}` only");
            return Err(why);
        }
        // The endpoint of all signals is the start of that of traces.
        let whole = match name == ENDPOINT[0] {
            true => endpoint,
            false => format!("{}/v1/traces", endpoint.trim_end_matches('/')),
        };
        let uri = whole.parse::<Uri>().ok();
        let uri = uri.filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")));
        let uri = uri.ok_or_else(|| format!("`{name}` is not an HTTP URL"))?;
        let milliseconds = first(TIMEOUT).and_then(|(_, value)| value.parse().ok());
        Ok(Some(Target {
            uri,
            timeout: Duration::from_millis(milliseconds.unwrap_or(10_000)),
        }))
    }

    /// The URL without what may be a password.
    pub(super) fn shown(&self) -> String {
        let (scheme, host) = (self.uri.scheme_str(), self.uri.host());
        let port = self.uri.port().map(|port| format!(":{port}"));
        format!(
            "{}://{}{}{}",
            scheme.unwrap_or_default(),
            host.unwrap_or_default(),
            port.unwrap_or_default(),
            self.uri.path()
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Target;

    fn read(variables: &[(&str, &str)]) -> Result<Option<Target>, String> {
        Target::read(|name| {
            let found = variables.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn uri(variables: &[(&str, &str)]) -> String {
        let target = read(variables).expect("they are valid");
        target.expect("they name a collector").uri.to_string()
    }

    const ALL: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/");

    #[test]
    fn the_endpoint_of_traces_takes_precedence_and_is_whole() {
        assert_eq!(uri(&[ALL]), "http://collector:4318/v1/traces");
        let traces = (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "https://traces.example/in",
        );
        assert_eq!(uri(&[ALL, traces]), "https://traces.example/in");
        let empty = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "");
        assert_eq!(uri(&[ALL, empty]), "http://collector:4318/v1/traces");
    }

    #[test]
    fn without_an_endpoint_or_turned_off_nothing_is_sent() {
        for variables in [
            &[][..],
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", "")],
            &[ALL, ("OTEL_SDK_DISABLED", "TRUE")],
            &[ALL, ("OTEL_TRACES_EXPORTER", "none")],
        ] {
            assert!(matches!(read(variables), Ok(None)), "{variables:?}");
        }
    }

    #[test]
    fn a_value_that_cannot_be_used_is_named_without_the_password() {
        let grpc = [ALL, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
        assert_eq!(
            read(&grpc).expect_err("it is not spoken"),
            "`OTEL_EXPORTER_OTLP_PROTOCOL` is `grpc`, and the command sends `http/protobuf` only"
        );
        for endpoint in ["ftp://app:s3cr3t@collector", "collector s3cr3t"] {
            let why = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)]);
            let why = why.expect_err("it is no HTTP URL");
            assert_eq!(why, "`OTEL_EXPORTER_OTLP_ENDPOINT` is not an HTTP URL");
        }
        let endpoint = "http://app:s3cr3t@collector:4318?key=s3cr3t";
        let target = read(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint)]);
        let target = target.expect("it is valid").expect("it is a collector");
        assert_eq!(target.shown(), "http://collector:4318/");
    }

    #[test]
    fn the_timeout_is_in_milliseconds() {
        let timeout = |variables: &[(&str, &str)]| {
            let target = read(variables).expect("they are valid");
            target.expect("they name a collector").timeout
        };
        assert_eq!(timeout(&[ALL]), Duration::from_secs(10));
        let short = ("OTEL_EXPORTER_OTLP_TIMEOUT", "250");
        assert_eq!(timeout(&[ALL, short]), Duration::from_millis(250));
    }
}
