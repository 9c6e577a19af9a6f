//! Reads `postgresql://user:password@host:port,host:port/database?parameter=value`
//! as libpq does, and does not guess where a password ends.

use crate::{
    error::ConnectError,
    params::{Mention, Params},
    percent,
};

const PREFIXES: [&str; 2] = ["postgresql://", "postgres://"];

/// The part after the scheme, if `text` is a Postgres URL.
pub(crate) fn strip_scheme(text: &str) -> Option<&str> {
    PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix))
}

/// The help for a URL that is not a Postgres URL; none if `text` is not a URL.
/// The help does not quote the text, which may hold a user before a `:` and a password after
/// it.
pub(crate) fn of_others(text: &str) -> Option<&'static str> {
    if text.starts_with(['"', '\'', '`', '<']) && text.contains("://") {
        return Some("start it with `postgresql://`, without quotes around it");
    }
    // In a keyword string the first of these characters is `=`.
    let head = text.split(['=', ' ', '\'', '?']).next()?;
    let (scheme, _) = head.split_once(':')?;
    let scheme = scheme.to_ascii_lowercase();
    Some(match scheme.as_str() {
        "jdbc" | "r2dbc" => {
            "start it with `postgresql://`, without `jdbc:` or `r2dbc:`; parameters are named as in libpq"
        }
        "postgresql" | "postgres" => {
            "start it with `postgresql://`, in lower case and with both slashes"
        }
        scheme if scheme.starts_with("postgres") && scheme.contains('+') => {
            "start it with `postgresql://`, without the driver's name"
        }
        _ => "start it with `postgresql://`",
    })
}

/// Reads what follows the scheme. Errors quote nothing that may be a secret.
pub(crate) fn parse(text: &str) -> Result<Params, ConnectError> {
    let mut params = Params::default();
    let rest = credentials(text, &mut params)?;
    let (hosts, rest) = split_before(rest, &['/', '?']);
    hosts_and_ports(hosts, &mut params)?;
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (rest, None),
    };
    database(path, &mut params)?;
    if let Some(query) = query {
        parameters(query, &mut params)?;
    }
    Ok(params)
}

/// As libpq: credentials end at the first `@`, if it comes before any `/`.
fn credentials<'a>(text: &'a str, params: &mut Params) -> Result<&'a str, ConnectError> {
    let (head, rest) = split_before(text, &['@', '/']);
    let Some(rest) = rest.strip_prefix('@') else {
        return Ok(text);
    };
    let (user, password) = match head.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (head, None),
    };
    give(params, "user", user, "user")?;
    if let Some(password) = password {
        give(params, "password", password, "password")?;
    }
    Ok(rest)
}

fn hosts_and_ports(text: &str, params: &mut Params) -> Result<(), ConnectError> {
    refuse_at_sign(text)?;
    if text.is_empty() {
        return Ok(());
    }
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    for part in text.split(',') {
        let (host, port) = host_and_port(part)?;
        hosts.push(decoded(host, "host")?);
        ports.push(decoded(port, "port")?);
    }
    params.give("host", hosts.join(","), Mention::Named)?;
    if ports.iter().any(|port| !port.is_empty()) {
        params.give("port", ports.join(","), Mention::Named)?;
    }
    Ok(())
}

fn host_and_port(part: &str) -> Result<(&str, &str), ConnectError> {
    let Some(bracketed) = part.strip_prefix('[') else {
        return Ok(part.split_once(':').unwrap_or((part, "")));
    };
    let split = bracketed
        .split_once(']')
        .and_then(|(host, after)| match after {
            "" => Some((host, "")),
            after => Some((host, after.strip_prefix(':')?)),
        });
    split.ok_or_else(|| {
        ConnectError::settings(
            "the host in brackets is not complete",
            "write an IPv6 address as `[::1]` or `[::1]:5432`",
        )
    })
}

fn database(path: &str, params: &mut Params) -> Result<(), ConnectError> {
    refuse_at_sign(path)?;
    match path.strip_prefix('/') {
        Some(name) if !name.is_empty() => give(params, "dbname", name, "database"),
        _ => Ok(()),
    }
}

fn parameters(query: &str, params: &mut Params) -> Result<(), ConnectError> {
    // An `@` after the `?` may be the end of a password that contains `/` and `?`.
    let mention = if query.contains('@') {
        Mention::Withheld
    } else {
        Mention::Named
    };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let Some((keyword, value)) = pair.split_once('=') else {
            return Err(ConnectError::settings(
                "a parameter after the `?` has no `=`",
                "write `?name=value&name=value`; in a password write `?` as %3F, `/` as %2F, `@` as %40",
            ));
        };
        let keyword = decoded(keyword, "parameter")?;
        let value = decoded(value, "parameter")?;
        // The JDBC driver's spelling, which libpq accepts as well.
        if (keyword.as_str(), value.as_str()) == ("ssl", "true") {
            params.give("sslmode", "require".to_owned(), mention)?;
        } else {
            params.give(&keyword, value, mention)?;
        }
    }
    Ok(())
}

fn give(params: &mut Params, keyword: &str, raw: &str, what: &str) -> Result<(), ConnectError> {
    params.give(keyword, decoded(raw, what)?, Mention::Named)
}

fn decoded(raw: &str, what: &str) -> Result<String, ConnectError> {
    percent::decode(raw).ok_or_else(|| {
        ConnectError::settings(
            format!("the {what} in the URL has a broken percent-escape"),
            "write a literal `%` as %25; an escape is `%` and two hexadecimal digits, and the whole is UTF-8",
        )
    })
}

fn refuse_at_sign(part: &str) -> Result<(), ConnectError> {
    if part.contains('@') {
        return Err(ConnectError::settings(
            "the URL has an `@` after its credentials",
            "in a user or password write `@` as %40, `/` as %2F and `:` as %3A",
        ));
    }
    Ok(())
}

fn split_before<'a>(text: &'a str, ends: &[char]) -> (&'a str, &'a str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::{of_others, parse, strip_scheme};
    use crate::params::Params;

    #[test]
    fn a_url_of_another_kind_gets_help() {
        let start = "start it with `postgresql://`";
        for text in [
            "jdbc:postgresql://db.example:5432/shop?user=app",
            "jdbc:postgresql://db.example:5432/shop",
            "JDBC:postgresql:shop",
            "r2dbc:postgresql://db/shop",
            "postgresql+asyncpg://app@db/shop",
            "postgresql+psycopg2://app:s3cr3t@db/shop?a=b",
            "postgres:app@db/shop",
            "postgres:/db/shop",
            "postgresql:///db".strip_suffix("//db").unwrap_or_default(),
            "Postgres://db/shop",
            "POSTGRESQL://db/shop",
            "postgress://db/shop",
            "psql://db/shop",
            "mysql://root@db/shop",
            "sqlite::memory:",
            "mongodb+srv://db",
            "https://db.example",
            "\"postgresql://db/shop\"",
            "'postgres://db'",
            "db.example:5432",
            "app:s3cr3t@db.example/shop",
        ] {
            let help = of_others(text).unwrap_or_else(|| panic!("{text}"));
            assert!(help.starts_with(start), "{text}: {help}");
        }
        for text in [
            "host=db user=app",
            "host='a:b'",
            "user=app password=a:b",
            "",
            "dbname = x",
        ] {
            assert_eq!(of_others(text), None, "{text}");
        }
    }

    fn params(url: &str) -> Params {
        parse(strip_scheme(url).expect("a URL of Postgres's")).expect("the URL is valid")
    }

    fn all<'a>(params: &'a Params, keywords: &[&str]) -> Vec<Option<&'a str>> {
        keywords.iter().map(|keyword| params.get(keyword)).collect()
    }

    #[test]
    fn every_part_of_a_url_is_read_and_decoded() {
        let params = params(
            "postgres://a%40b:p%2Fw%3A@db:5433/sh%20op?sslmode=verify-full&sslrootcert=%2Fa%20b",
        );
        assert_eq!(
            all(
                &params,
                &[
                    "user",
                    "password",
                    "host",
                    "port",
                    "dbname",
                    "sslmode",
                    "sslrootcert"
                ]
            ),
            ["a@b", "p/w:", "db", "5433", "sh op", "verify-full", "/a b"].map(Some),
        );
    }

    #[test]
    fn hosts_may_be_many_sockets_or_in_brackets() {
        assert_eq!(
            all(
                &params("postgresql://%2Ftmp%2Fx,[::1]:1,db/"),
                &["host", "port"]
            ),
            [Some("/tmp/x,::1,db"), Some(",1,")],
        );
        assert_eq!(
            all(
                &params("postgresql:///db?host=/tmp/x&port=1"),
                &["host", "port", "dbname"]
            ),
            [Some("/tmp/x"), Some("1"), Some("db")],
        );
        assert_eq!(
            all(
                &params("postgresql://"),
                &["host", "port", "dbname", "user"]
            ),
            [None; 4],
        );
        assert_eq!(
            all(
                &params("postgresql://u:p?w@h?ssl=true"),
                &["password", "host", "sslmode"]
            ),
            [Some("p?w"), Some("h"), Some("require")],
        );
    }
}
