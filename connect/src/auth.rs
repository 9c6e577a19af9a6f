//! Decides which methods of authentication are acceptable, and watches which one a server asks for.
//!
//! tokio-postgres answers every request, also with a password in clear. So this module reads
//! the server's messages before tokio-postgres sees them, up to the end of
//! authentication (protocol documentation, *Message Formats*, `Authentication…`).

use std::{error, fmt, io};

use crate::{error::ConnectError, params::Params};

/// A way to authenticate, by libpq's name in `require_auth`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    None,
    Password,
    Md5,
    Gss,
    Sspi,
    Scram,
    /// In libpq since version 18; this crate does not support it.
    Oauth,
    /// A method without a name in `require_auth`.
    Other,
}

const NAMES: [(&str, Method); 7] = [
    ("none", Method::None),
    ("password", Method::Password),
    ("md5", Method::Md5),
    ("gss", Method::Gss),
    ("sspi", Method::Sspi),
    ("scram-sha-256", Method::Scram),
    ("oauth", Method::Oauth),
];

impl Method {
    /// Its name in `require_auth`.
    pub(crate) fn name(self) -> &'static str {
        let named = NAMES.iter().find(|(_, method)| *method == self);
        named.map_or("another method", |(name, _)| name)
    }
}

/// The value of `require_auth`.
#[derive(Debug, Clone, Default)]
enum Required {
    #[default]
    Nothing,
    OneOf(Vec<Method>),
    NoneOf(Vec<Method>),
}

/// Which methods of authentication are acceptable.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policy(Required);

/// Whether others can read what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    /// A network without encryption.
    Open,
    /// TLS, or a Unix socket.
    Closed,
}

impl Policy {
    /// Reads `require_auth` as libpq does: names, or names with a `!` before each,
    /// separated by commas, each at most once.
    pub(crate) fn read(params: &Params) -> Result<Policy, ConnectError> {
        let Some(text) = params.get("require_auth") else {
            return Ok(Policy::default());
        };
        let malformed = || params.invalid("require_auth", HELP);
        let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
        for word in text.split(',') {
            let (list, name) = match word.strip_prefix('!') {
                Some(name) => (&mut unwanted, name),
                None => (&mut wanted, word),
            };
            let method = NAMES.iter().find(|(known, _)| *known == name);
            let &(_, method) = method.ok_or_else(malformed)?;
            if list.contains(&method) {
                return Err(malformed());
            }
            list.push(method);
        }
        match (wanted.is_empty(), unwanted.is_empty()) {
            (false, true) => Ok(Policy(Required::OneOf(wanted))),
            (true, false) => Ok(Policy(Required::NoneOf(unwanted))),
            _ => Err(malformed()),
        }
    }

    /// Refuses or allows a method. A password in clear over an open channel must be allowed
    /// by name.
    fn judge(&self, method: Method, channel: Channel) -> Result<(), Forbidden> {
        let is_by_name = match &self.0 {
            Required::OneOf(methods) if methods.contains(&method) => true,
            Required::OneOf(_) => return Err(Forbidden::NotRequired(method)),
            Required::NoneOf(methods) if methods.contains(&method) => {
                return Err(Forbidden::NotRequired(method));
            }
            Required::NoneOf(_) | Required::Nothing => false,
        };
        match (method, channel) {
            (Method::Password, Channel::Open) if !is_by_name => Err(Forbidden::InClear),
            _ => Ok(()),
        }
    }
}

const HELP: &str = "it is a list of `password`, `md5`, `gss`, `sspi`, `scram-sha-256` and `none`, \
                    separated by commas, each once, with `!` before all of them or before none";

/// Why the server's method of authentication is not acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forbidden {
    /// `require_auth` does not allow it.
    NotRequired(Method),
    /// The server asks for the password in clear over an open channel.
    InClear,
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Forbidden::NotRequired(method) => write!(f, "it uses `{}`", method.name()),
            Forbidden::InClear => f.write_str("it asks for the password in clear"),
        }
    }
}

impl error::Error for Forbidden {}

/// Reads a server's messages until authentication is complete.
#[derive(Debug)]
pub(crate) struct Watch {
    policy: Policy,
    channel: Channel,
    /// The beginning of a message: its type, its length, and the code of a request.
    head: Vec<u8>,
    /// The number of bytes of the message that are left to skip.
    rest: usize,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The server has asked for nothing yet.
    Silent,
    Asked,
    Over,
}

impl Watch {
    pub(crate) fn new(policy: Policy, channel: Channel) -> Watch {
        Watch {
            policy,
            channel,
            head: Vec::new(),
            rest: 0,
            stage: Stage::Silent,
        }
    }

    /// Reads the next bytes of the server.
    ///
    /// # Errors
    ///
    /// The server uses a method that is not acceptable. The client must not answer.
    pub(crate) fn see(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut bytes = bytes.iter();
        while self.stage != Stage::Over {
            if self.rest > 0 {
                let passed = self.rest.min(bytes.len());
                self.rest -= passed;
                let left = bytes.as_slice().get(passed..).unwrap_or_default();
                bytes = left.iter();
            }
            let Some(byte) = bytes.next() else {
                return Ok(());
            };
            self.head.push(*byte);
            if let [kind, l1, l2, l3, l4, c1, c2, c3, c4] = *self.head {
                let length = u32::from_be_bytes([l1, l2, l3, l4]);
                let code = u32::from_be_bytes([c1, c2, c3, c4]);
                self.head.clear();
                self.rest = usize::try_from(length.saturating_sub(8)).unwrap_or(usize::MAX);
                self.message(kind, code).map_err(io::Error::other)?;
            }
        }
        Ok(())
    }

    fn message(&mut self, kind: u8, code: u32) -> Result<(), Forbidden> {
        let (b'R', code) = (kind, code) else {
            // `v` negotiates the version of the protocol; each other message ends authentication.
            if kind != b'v' {
                self.stage = Stage::Over;
            }
            return Ok(());
        };
        let method = match code {
            0 => {
                let stage = std::mem::replace(&mut self.stage, Stage::Over);
                return match stage {
                    Stage::Silent => self.policy.judge(Method::None, self.channel),
                    Stage::Asked | Stage::Over => Ok(()),
                };
            }
            3 => Method::Password,
            5 => Method::Md5,
            7 => Method::Gss,
            9 => Method::Sspi,
            10 => Method::Scram,
            // These messages continue a method that was allowed.
            8 | 11 | 12 => return Ok(()),
            _ => Method::Other,
        };
        self.stage = Stage::Asked;
        self.policy.judge(method, self.channel)
    }
}

#[cfg(test)]
mod tests {
    use super::{Channel, Method, Policy, Watch};
    use crate::keyword;

    fn policy(text: &str) -> Option<Policy> {
        let params = keyword::parse(&format!("require_auth='{text}'")).expect("it is well formed");
        Policy::read(&params).ok()
    }

    /// Whether a server may send requests with these codes, which arrive byte by byte.
    fn is_let(text: &str, channel: Channel, codes: &[u32]) -> bool {
        let mut watch = Watch::new(policy(text).expect(text), channel);
        codes.iter().all(|code| {
            let mut message = b"R\0\0\0\x0b".to_vec();
            message.extend(code.to_be_bytes());
            message.extend(b"abc");
            message.chunks(1).all(|byte| watch.see(byte).is_ok())
        })
    }

    #[test]
    fn require_auth_is_read_as_in_libpq() {
        for text in [
            "",
            "none",
            "password,md5",
            "!none",
            "!password,!md5",
            "scram-sha-256",
            "gss,sspi",
        ] {
            assert!(policy(text).is_some(), "{text}");
        }
        for text in [
            "scram",
            "MD5",
            "md5,!none",
            "!none,md5",
            "md5,md5",
            "!md5,!md5",
            "md5,",
            ",",
            "! md5",
            "md5, none",
        ] {
            assert!(policy(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_server_may_use_only_a_required_method() {
        use Channel::{Closed, Open};
        let (trust, password, md5, scram) = ([0], [3, 0], [5, 0], [10, 11, 12, 0]);
        for codes in [&trust[..], &md5, &scram] {
            assert!(
                is_let("", Open, codes) && is_let("", Closed, codes),
                "{codes:?}"
            );
        }
        assert!(is_let("scram-sha-256", Open, &scram));
        assert!(is_let("md5,scram-sha-256", Open, &md5));
        for codes in [&trust[..], &password, &md5] {
            assert!(!is_let("scram-sha-256", Closed, codes), "{codes:?}");
        }
        assert!(is_let("none", Open, &trust) && !is_let("none", Open, &scram));
        assert!(!is_let("!none", Open, &trust) && is_let("!none", Open, &scram));
        assert!(
            !is_let("!password,!md5", Closed, &md5) && is_let("!password,!md5", Closed, &trust)
        );
        assert!(!is_let("gss", Closed, &[2]), "a method without a name");
    }

    #[test]
    fn a_password_in_clear_over_a_network_must_be_allowed_by_name() {
        assert!(!is_let("", Channel::Open, &[3]));
        assert!(!is_let("!md5", Channel::Open, &[3]));
        assert!(is_let("", Channel::Closed, &[3]));
        assert!(is_let("password", Channel::Open, &[3]));
        assert!(is_let("password,scram-sha-256", Channel::Open, &[3]));
        assert_eq!(Method::Password.name(), "password");
    }

    #[test]
    fn messages_after_authentication_are_not_checked() {
        let mut watch = Watch::new(policy("none").expect("valid"), Channel::Open);
        watch.see(b"R\0\0\0\x08\0\0\0\0").expect("trust");
        watch
            .see(b"R\0\0\0\x08\0\0\0\x03")
            .expect("no request any more");
    }
}
