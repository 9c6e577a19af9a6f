//! The settings: reads, completes, shows and changes them.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    endpoint::{self, Endpoint},
    error::ConnectError,
    keyword,
    liveness::Taken,
    params::{self, Mention, Params},
    passfile::{self, Passfile},
    resolve::{self, Resolved},
    ssl::SslMode,
    target, url, user,
};

/// Where to connect, and how.
///
/// `Display` and `Debug` never show the password.
#[derive(Clone)]
pub struct Settings {
    params: Params,
    resolved: Resolved,
    home: Option<PathBuf>,
    passfile: Passfile,
    warnings: Vec<String>,
    taken: Taken,
}

/// Parameters that a URL holds before its `?`, and parameters that only this crate knows.
const IN_URL: [&str; 8] = [
    "dbname",
    "fallback_application_name",
    "host",
    "passfile",
    "password",
    "port",
    "require_auth",
    "user",
];

impl Settings {
    /// Reads a URL (`postgresql://app@db.example/shop?sslmode=verify-full`) or a
    /// keyword string (`host=db.example user=app dbname=shop`) and nothing else.
    ///
    /// # Errors
    ///
    /// [`ConnectError::Settings`] if the text or a value in it is not valid. The
    /// error never quotes what may be a password.
    pub fn parse(text: &str) -> Result<Self, ConnectError> {
        let text = text.trim();
        if text.contains('\0') {
            return Err(ConnectError::settings(
                "the text contains a zero byte",
                "remove it",
            ));
        }
        let params = match url::strip_scheme(text) {
            Some(rest) => url::parse(rest)?,
            None => match url::of_others(text) {
                Some(help) => {
                    let reason = "the URL is not a Postgres URL";
                    return Err(ConnectError::settings(reason, help));
                }
                None => keyword::parse(text)?,
            },
        };
        Self::resolve(params, &|_| None)
    }

    /// Completes what was left out from libpq's environment variables (PGHOST,
    /// PGUSER, PGPASSWORD, PGSSLMODE and so on), the password file, and the
    /// certificates under `~/.postgresql`. Parameters that were given stay.
    ///
    /// `lookup` returns the value of an environment variable, also of HOME and USER.
    ///
    /// # Errors
    ///
    /// [`ConnectError::Settings`] if a variable's value is not valid.
    pub fn with_env(self, lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConnectError> {
        let mut params = self.params;
        params.fill(&lookup);
        Self::resolve(params, &lookup)
    }

    /// Completes settings from an untrusted source, as [`Settings::with_env`] does.
    ///
    /// The password of the environment (PGPASSWORD) is used only if each host of the
    /// settings is a host of `trusted`.
    ///
    /// # Errors
    ///
    /// [`ConnectError::Settings`] if a variable's value is not valid.
    pub fn with_env_of(
        self,
        trusted: &Settings,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConnectError> {
        let bare = |name: &str| match name {
            "PGPASSWORD" => None,
            name => lookup(name),
        };
        let (given, without) = (self.clone(), self.with_env(bare)?);
        let hosts = &trusted.resolved.endpoints;
        let is_trusted = |endpoint: &Endpoint| hosts.iter().any(|host| host.leads_to(endpoint));
        match without.resolved.endpoints.iter().all(is_trusted) {
            true => given.with_env(lookup),
            false => Ok(without),
        }
    }

    /// Settings from the environment alone, if PGHOST, PGHOSTADDR, PGPORT,
    /// PGDATABASE or PGSERVICE says where to connect.
    ///
    /// # Errors
    ///
    /// [`ConnectError::Settings`] if a variable's value is not valid.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, ConnectError> {
        if !params::names_a_location(&lookup) {
            return Ok(None);
        }
        let mut params = Params::default();
        params.fill(&lookup);
        Self::resolve(params, &lookup).map(Some)
    }

    /// Whether an environment variable of this name is one of libpq's that complete
    /// settings, such as PGHOST.
    #[must_use]
    pub fn reads(variable: &str) -> bool {
        params::is_variable(variable)
    }

    fn resolve(
        params: Params,
        lookup: &impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConnectError> {
        let resolved = resolve::resolve(&params, || user::os_user(lookup))?;
        let home = lookup("HOME")
            .filter(|home| !home.is_empty())
            .map(PathBuf::from);
        let path = passfile::path(params.get("passfile"), home.as_deref());
        let (passfile, warning) = match path {
            Some(path) if resolved.password.is_none() => Passfile::read(&path),
            _ => (Passfile::default(), None),
        };
        let warnings = warning.into_iter().collect();
        Ok(Self {
            params,
            resolved,
            home,
            passfile,
            warnings,
            taken: Taken::default(),
        })
    }

    /// Sets the application name, unless the user has set it.
    pub fn application_name(&mut self, name: &str) {
        if self.resolved.application_name.is_none() {
            self.set("fallback_application_name", name);
            self.resolved.application_name = Some(name.to_owned());
        }
    }

    /// Returns the same settings with another database.
    #[must_use]
    pub fn with_database(mut self, name: &str) -> Self {
        self.set("dbname", name);
        name.clone_into(&mut self.resolved.dbname);
        self
    }

    /// Returns the same settings with another role. A password that was given stays.
    #[must_use]
    pub fn with_user(mut self, name: &str) -> Self {
        self.set("user", name);
        name.clone_into(&mut self.resolved.user);
        self
    }

    /// Returns the same settings with another password.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        self.set("password", password);
        self.resolved.password = Some(password.to_owned());
        self
    }

    fn set(&mut self, keyword: &'static str, value: &str) {
        // The keyword is known, so this cannot fail.
        let _ = self.params.give(keyword, value.to_owned(), Mention::Named);
    }

    /// The target as a URL without the password, for messages.
    #[must_use]
    pub fn display_target(&self) -> String {
        let resolved = &self.resolved;
        target::show(self.shown_endpoints(), &resolved.user, &resolved.dbname)
    }

    /// The database without role and password, such as `db-1:5432/tenant_1`. Several hosts are
    /// separated by commas, and special characters are encoded as in a URL.
    #[must_use]
    pub fn address(&self) -> String {
        target::address(self.shown_endpoints(), &self.resolved.dbname)
    }

    /// The endpoints that messages name: without a host, only `localhost`.
    fn shown_endpoints(&self) -> &[Endpoint] {
        let host = self.params.get("host");
        let is_named = host.or(self.params.get("hostaddr")).is_some();
        match self.resolved.endpoints.split_last() {
            Some((localhost, _)) if !is_named => std::slice::from_ref(localhost),
            _ => &self.resolved.endpoints,
        }
    }

    /// The target as a URL *with* the password, for other libraries. Never show this URL.
    ///
    /// The URL has the parameters that were given. Those of the environment are left out,
    /// because other libraries read them there. Without a host, the URL names a socket that
    /// exists, or else `localhost`, because most libraries have no default.
    #[must_use]
    pub fn to_url(&self) -> String {
        let resolved = &self.resolved;
        let named = self.param("host").is_some() || self.param("hostaddr").is_some();
        let endpoints = match named {
            true => &resolved.endpoints[..],
            false => endpoint::first_there(&resolved.endpoints),
        };
        let password = endpoints.first().and_then(|first| self.password(first));
        let parameters = self.params.given().filter(|(keyword, _)| match *keyword {
            "hostaddr" => self.param("host").is_some(),
            keyword => !IN_URL.contains(&keyword),
        });
        let role = (resolved.user.as_str(), password.as_deref());
        target::full(endpoints, role, &resolved.dbname, parameters)
    }

    /// Returns the same settings for a database that has just been made.
    ///
    /// The password file has no line for the new database, so the password of the present
    /// database is kept.
    #[must_use]
    pub fn with_new_database(mut self, name: &str) -> Self {
        let password = self.resolved.endpoints.first();
        self.resolved.password = password.and_then(|endpoint| self.password(endpoint));
        self.with_database(name)
    }

    /// The database role.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.resolved.user
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.resolved.dbname
    }

    /// The settings as libpq's environment variables, with the password, for one of
    /// Postgres's own programs.
    pub fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let target = [("PGUSER", self.user()), ("PGDATABASE", self.database())];
        self.params.variables().chain(target)
    }

    /// How much encryption and verification a TCP connection needs. A Unix socket is
    /// never encrypted.
    #[must_use]
    pub fn ssl_mode(&self) -> SslMode {
        self.resolved.ssl_mode
    }

    /// The time that one attempt may take; `None` means no limit.
    #[must_use]
    pub fn connect_timeout(&self) -> Option<Duration> {
        self.resolved.connect_timeout
    }

    /// Warnings for the user, for example about a password file that was ignored.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The request for keepalives that the server last accepted.
    pub(crate) fn taken(&self) -> &Taken {
        &self.taken
    }

    pub(crate) fn resolved(&self) -> &Resolved {
        &self.resolved
    }

    /// A parameter as it was written.
    pub(crate) fn param(&self, keyword: &str) -> Option<&str> {
        self.params.get(keyword)
    }

    /// The path of a file in the user's `~/.postgresql`, where libpq looks for it.
    pub(crate) fn default_file(&self, name: &str) -> Option<PathBuf> {
        self.home
            .as_deref()
            .map(|home: &Path| home.join(".postgresql").join(name))
    }

    /// The password for this endpoint: the given one, or that of the password file.
    pub(crate) fn password(&self, endpoint: &Endpoint) -> Option<String> {
        let Resolved {
            user,
            dbname,
            password,
            ..
        } = &self.resolved;
        password
            .clone()
            .or_else(|| self.passfile.password(endpoint, dbname, user))
    }

    /// One endpoint of the target as a URL.
    pub(crate) fn show(&self, endpoint: &Endpoint) -> String {
        target::show(std::slice::from_ref(endpoint), self.user(), self.database())
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.display_target())
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("target", &self.display_target())
            .field("ssl_mode", &self.resolved.ssl_mode)
            .field("application_name", &self.resolved.application_name)
            .field("connect_timeout", &self.resolved.connect_timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
