//! The parameters by keyword, as text: the known keywords, the environment variable of each,
//! and whether the user or the environment set a value.

use std::collections::BTreeMap;

use crate::error::{ConnectError, RunOption};

/// The known keywords, and the environment variable of each.
const KEYWORDS: &[(&str, Option<&str>)] = &[
    ("application_name", Some("PGAPPNAME")),
    ("channel_binding", Some("PGCHANNELBINDING")),
    ("client_encoding", Some("PGCLIENTENCODING")),
    ("connect_timeout", Some("PGCONNECT_TIMEOUT")),
    ("dbname", Some("PGDATABASE")),
    ("fallback_application_name", None),
    ("gssencmode", Some("PGGSSENCMODE")),
    ("host", Some("PGHOST")),
    ("hostaddr", Some("PGHOSTADDR")),
    ("keepalives", None),
    ("keepalives_count", None),
    ("keepalives_idle", None),
    ("keepalives_interval", None),
    ("keepalives_retries", None),
    ("load_balance_hosts", Some("PGLOADBALANCEHOSTS")),
    ("options", Some("PGOPTIONS")),
    ("passfile", Some("PGPASSFILE")),
    ("password", Some("PGPASSWORD")),
    ("port", Some("PGPORT")),
    ("require_auth", Some("PGREQUIREAUTH")),
    ("service", Some("PGSERVICE")),
    ("sslcert", Some("PGSSLCERT")),
    ("sslkey", Some("PGSSLKEY")),
    ("sslmode", Some("PGSSLMODE")),
    ("sslnegotiation", Some("PGSSLNEGOTIATION")),
    ("sslrootcert", Some("PGSSLROOTCERT")),
    ("target_session_attrs", Some("PGTARGETSESSIONATTRS")),
    ("tcp_user_timeout", None),
    ("user", Some("PGUSER")),
];

/// The variables that name a server or a database.
const LOCATION: &[&str] = &["PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE"];

/// Whether an error may show an unknown keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mention {
    /// The error shows the keyword.
    Named,
    /// The error hides the keyword, which may be a part of an unquoted password.
    Withheld,
}

#[derive(Clone)]
struct Value {
    text: String,
    origin: Origin,
}

#[derive(Clone, Copy)]
enum Origin {
    Given,
    Variable(&'static str),
}

/// The parameters by keyword. Has no `Debug`: it holds the password.
#[derive(Clone, Default)]
pub(crate) struct Params {
    values: BTreeMap<&'static str, Value>,
}

impl Params {
    /// Sets what the user wrote; a later value replaces an earlier one.
    pub(crate) fn give(
        &mut self,
        keyword: &str,
        text: String,
        mention: Mention,
    ) -> Result<(), ConnectError> {
        let Some(&(keyword, _)) = KEYWORDS.iter().find(|(known, _)| *known == keyword) else {
            return Err(unknown(keyword, mention));
        };
        self.values.insert(
            keyword,
            Value {
                text,
                origin: Origin::Given,
            },
        );
        Ok(())
    }

    /// Takes the values that the user left out from the environment.
    pub(crate) fn fill(&mut self, lookup: &impl Fn(&str) -> Option<String>) {
        for &(keyword, variable) in KEYWORDS {
            let Some(variable) = variable else { continue };
            if self.values.contains_key(keyword) {
                continue;
            }
            if let Some(text) = lookup(variable).filter(|text| !text.is_empty()) {
                self.values.insert(
                    keyword,
                    Value {
                        text,
                        origin: Origin::Variable(variable),
                    },
                );
            }
        }
    }

    /// The value of a keyword. An empty value counts as none, as in libpq.
    pub(crate) fn get(&self, keyword: &str) -> Option<&str> {
        let value = self.values.get(keyword)?;
        Some(value.text.as_str()).filter(|text| !text.is_empty())
    }

    /// The values as libpq's environment variables, the password among them.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        KEYWORDS.iter().filter_map(|&(keyword, variable)| {
            let value = self.values.get(keyword)?;
            Some((variable?, value.text.as_str()))
        })
    }

    /// What the user wrote, without what the environment added.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let given = |value: &Value| match value.origin {
            Origin::Given => true,
            Origin::Variable(_) => false,
        };
        self.values
            .iter()
            .filter(move |(_, value)| given(value))
            .map(|(keyword, value)| (*keyword, value.text.as_str()))
    }

    /// The error for an invalid value. The error does not show the value.
    pub(crate) fn invalid(&self, keyword: &str, help: &'static str) -> ConnectError {
        let origin = self.values.get(keyword).map(|value| value.origin);
        let reason = match origin {
            Some(Origin::Variable(variable)) => {
                format!("the value of the environment variable `{variable}` is not valid")
            }
            Some(Origin::Given) | None => {
                format!("the value of the parameter `{keyword}` is not valid")
            }
        };
        ConnectError::settings(reason, help)
    }
}

/// Whether the environment names a server or a database.
pub(crate) fn names_a_location(lookup: &impl Fn(&str) -> Option<String>) -> bool {
    LOCATION
        .iter()
        .any(|variable| lookup(variable).is_some_and(|value| !value.is_empty()))
}

/// Whether an environment variable stands in for a keyword.
pub(crate) fn is_variable(name: &str) -> bool {
    KEYWORDS.iter().any(|(_, variable)| *variable == Some(name))
}

/// What to do about a parameter of another tool.
#[derive(Clone, Copy)]
enum Advice {
    Text(&'static str),
    /// Remove it: it is an option of a run.
    Option(RunOption),
}

/// The help for parameters of other drivers and tools. The names are in lower case, without
/// `_` and `-`.
const OTHERS: &[(&[&str], Advice)] = &[
    (
        &["schema", "currentschema", "searchpath"],
        Advice::Option(RunOption::Schema),
    ),
    (
        &[
            "connectionlimit",
            "poolmaxconns",
            "poolminconns",
            "poolmaxconnlifetime",
            "poolmaxconnidletime",
            "poolhealthcheckperiod",
            "pooltimeout",
            "poolsize",
            "maxoverflow",
            "maxpoolsize",
            "minpoolsize",
            "maxconnections",
            "pooling",
            "max",
            "min",
        ],
        Advice::Option(RunOption::Connections),
    ),
    (
        &[
            "pgbouncer",
            "statementcachemode",
            "statementcachecapacity",
            "statementcachesize",
            "descriptioncachecapacity",
            "defaultqueryexecmode",
            "prefersimpleprotocol",
            "preparethreshold",
            "preparedstatements",
            "preparedstatementcachesize",
            "preparedstatementcachequeries",
            "binaryparameters",
            "prepare",
            "noprepare",
        ],
        Advice::Text(
            "remove it: scripts are sent without prepared statements, also through a pooler",
        ),
    ),
    (
        &[
            "ssl",
            "sslaccept",
            "tls",
            "tlsmode",
            "usessl",
            "requiressl",
            "encrypt",
            "trustservercertificate",
            "sslfactory",
        ],
        Advice::Text("write `sslmode=require`, or `sslmode=verify-full` with `sslrootcert=FILE`"),
    ),
    (
        &["sslcertificate", "sslidentity", "sslca", "rootcertificate"],
        Advice::Text(
            "write `sslrootcert=FILE` for the authority, `sslcert=FILE` and `sslkey=FILE` for the client",
        ),
    ),
    (
        &["connectiontimeout", "logintimeout", "timeout"],
        Advice::Text("write `connect_timeout=10`, a number of seconds"),
    ),
    (
        &[
            "sockettimeout",
            "statementtimeout",
            "commandtimeout",
            "querytimeout",
            "locktimeout",
            "idleintransactionsessiontimeout",
        ],
        Advice::Option(RunOption::Timeouts),
    ),
    (&["username"], Advice::Text("write `user=NAME`")),
    (
        &["pass", "pwd"],
        Advice::Text("write `password=…`, or set PGPASSWORD"),
    ),
    (
        &["database", "db", "initialcatalog"],
        Advice::Text("write `dbname=NAME`"),
    ),
    (
        &["server", "hostname", "address"],
        Advice::Text("write `host=NAME`"),
    ),
    (
        &["targetservertype"],
        Advice::Text("write `target_session_attrs=primary`"),
    ),
    (
        &["tcpkeepalive", "keepalive"],
        Advice::Text("write `keepalives=1`"),
    ),
    (
        &["timezone", "datestyle", "lctime"],
        Advice::Text("set it for the role, or by `options=-c%20NAME%3DVALUE`"),
    ),
];

/// The help for a parameter of another tool. A libpq parameter in another spelling, such as
/// `sslMode`, counts as one.
fn of_others(keyword: &str) -> Option<Advice> {
    let plain = |text: &str| text.replace(['_', '-'], "").to_ascii_lowercase();
    let wanted = plain(keyword);
    let is_wanted = |(names, _): &&(&[&str], _)| names.contains(&wanted.as_str());
    let help = OTHERS.iter().find(is_wanted).map(|(_, help)| *help);
    let is_known = || KEYWORDS.iter().any(|(known, _)| plain(known) == wanted);
    help.or_else(|| is_known().then_some(Advice::Text(SPELLING)))
}

const SPELLING: &str =
    "write it in lower case as libpq does, such as `sslmode` or `connect_timeout`";

fn unknown(keyword: &str, mention: Mention) -> ConnectError {
    if let (Mention::Named, Some(advice)) = (mention, of_others(keyword)) {
        let reason = format!("the parameter `{keyword}` is not known or not supported");
        return match advice {
            Advice::Text(help) => ConnectError::settings(reason, help),
            Advice::Option(option) => ConnectError::for_run(reason, option),
        };
    }
    let plain = keyword.len() <= 40
        && keyword.starts_with(|first: char| first.is_ascii_lowercase())
        && keyword
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let reason = if plain && mention == Mention::Named {
        format!("the parameter `{keyword}` is not known or not supported")
    } else {
        "one of the parameters is not known".to_owned()
    };
    ConnectError::settings(
        reason,
        "check its spelling; a password with special characters must be percent-encoded in a URL and quoted (`'…'`) elsewhere",
    )
}

#[cfg(test)]
mod tests {
    use super::{KEYWORDS, Mention, Params, RunOption};

    #[test]
    fn keywords_are_sorted_and_unique() {
        assert!(KEYWORDS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn an_unknown_keyword_is_named_only_where_it_cannot_be_a_secret() {
        let reason = |keyword: &str, mention| {
            Params::default()
                .give(keyword, String::new(), mention)
                .expect_err("unknown keywords are refused")
                .to_string()
        };
        assert_eq!(
            reason("ssl_mode", Mention::Named),
            "cannot use the connection settings: the parameter `ssl_mode` is not known or not supported",
        );
        let withheld = "cannot use the connection settings: one of the parameters is not known";
        assert_eq!(reason("ssl_mode", Mention::Withheld), withheld);
        assert_eq!(reason("s3cr3t", Mention::Named), withheld);
    }

    #[test]
    fn a_parameter_of_another_tool_gets_help() {
        let help = |keyword: &str| {
            let given = Params::default().give(keyword, String::new(), Mention::Named);
            given.expect_err("it is refused").help()
        };
        let given = Params::default().give("schema", String::new(), Mention::Named);
        let option = given.expect_err("it is refused").option();
        assert_eq!(option, Some(RunOption::Schema));
        for keyword in [
            "schema",
            "currentSchema",
            "search_path",
            "pool_max_conns",
            "pgbouncer",
        ] {
            assert!(help(keyword).contains("remove it"), "{keyword}");
        }
        assert!(help("statement_cache_mode").contains("prepared statements"));
        assert!(help("connectTimeout").contains("connect_timeout"));
        assert!(help("sslMode").contains("lower case"));
        let withheld = Params::default().give("schema", String::new(), Mention::Withheld);
        let withheld = withheld.expect_err("it is refused").to_string();
        assert!(!withheld.contains("schema"), "{withheld}");
    }

    #[test]
    fn an_error_says_whether_the_user_or_the_environment_set_a_value() {
        let mut params = Params::default();
        params.fill(&|name| (name == "PGPORT").then(|| "x".to_owned()));
        assert_eq!(
            params.invalid("port", "").to_string(),
            "cannot use the connection settings: the value of the environment variable `PGPORT` is not valid",
        );
        params
            .give("port", "y".to_owned(), Mention::Named)
            .expect("port is known");
        assert_eq!(
            params.invalid("port", "").to_string(),
            "cannot use the connection settings: the value of the parameter `port` is not valid",
        );
    }
}
