//! The name of the operating system's user, Postgres's default role.

use std::{fs, path::Path};

/// The name of the effective user: from `/etc/passwd` if `/proc/self` shows the uid, else
/// from `USER` or `LOGNAME`.
pub(crate) fn os_user(lookup: &impl Fn(&str) -> Option<String>) -> Option<String> {
    let passwd = || fs::read_to_string("/etc/passwd").ok();
    effective_uid()
        .zip(passwd())
        .and_then(|(uid, passwd)| name_of(uid, &passwd))
        .or_else(|| lookup("USER"))
        .or_else(|| lookup("LOGNAME"))
        .filter(|name| !name.is_empty())
}

/// The owner of Linux's `/proc/self` is the process's effective user.
#[cfg(unix)]
fn effective_uid() -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    Path::new("/proc/self")
        .metadata()
        .ok()
        .map(|metadata| metadata.uid())
}

#[cfg(not(unix))]
fn effective_uid() -> Option<u32> {
    None
}

fn name_of(uid: u32, passwd: &str) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn a_user_is_found_by_number() {
        let passwd =
            "root:x:0:0:root:/root:/bin/sh\n#\nbroken\napp:x:1000:1000::/home/app:/bin/sh\n";
        assert_eq!(name_of(1000, passwd).as_deref(), Some("app"));
        assert_eq!(name_of(1, passwd), None);
    }
}
