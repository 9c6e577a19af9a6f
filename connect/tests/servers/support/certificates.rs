//! Writes the certificates and keys that the servers and the tests use.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

use super::server::run;

/// Writes the certificates and keys into `folder`, as `NAME.crt` and `NAME.key`.
pub(crate) fn write_certificates(folder: &Path) {
    let names = "subjectAltName=DNS:db.test,DNS:localhost,IP:127.0.0.1";
    let authority = "basicConstraints=critical,CA:TRUE";
    let ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"].as_slice();
    let rsa = ["-newkey", "rsa:2048", "-sha384"].as_slice();
    for (name, extension, key) in [
        ("ca", authority, ec),
        ("other-ca", authority, ec),
        ("self", names, rsa),
    ] {
        let subject = format!("/CN={name}");
        let mut request = openssl(folder, &["req", "-x509", "-new", "-days", "2", "-nodes"]);
        request.args(key);
        request.args(["-subj", &subject, "-addext", extension]);
        run(request.args([
            "-keyout",
            &format!("{name}.key"),
            "-out",
            &format!("{name}.crt"),
        ]));
    }
    dated(folder, "self", "expired", [b"20", b"21"]);
    dated(folder, "ca", "expired-ca", [b"20", b"21"]);
    fs::copy(folder.join("self.key"), folder.join("expired.key")).expect("it can be copied");
    let for_clients = "extendedKeyUsage=clientAuth";
    signed(folder, "server", "/CN=db.test", "-sha256", Some(names));
    signed(
        folder,
        "client",
        "/CN=certuser",
        "-sha256",
        Some(for_clients),
    );
    signed(folder, "old", "/CN=db.test", "-sha512", None);
    fs::copy(folder.join("client.key"), folder.join("open.key")).expect("a file can be copied");
    let open = fs::Permissions::from_mode(0o644);
    fs::set_permissions(folder.join("open.key"), open).expect("a mode can be set");
}

/// A copy of a certificate that is valid from one year to another. Its signature does
/// not fit any more, which nobody checks of a root certificate.
fn dated(folder: &Path, name: &str, copy: &str, years: [&[u8; 2]; 2]) {
    let (from, to) = (format!("{name}.crt"), format!("{copy}.crt"));
    run(&mut openssl(
        folder,
        &["x509", "-in", &from, "-outform", "DER", "-out", "der"],
    ));
    let mut der = fs::read(folder.join("der")).expect("it was written");
    let times = der.windows(2).enumerate();
    let times: Vec<usize> = times
        .filter(|(_, head)| *head == [0x17, 13])
        .map(|(at, _)| at)
        .collect();
    for (at, year) in times.iter().zip(years) {
        der[at + 2..at + 4].copy_from_slice(year);
    }
    fs::write(folder.join("der"), der).expect("a file can be written");
    run(&mut openssl(
        folder,
        &["x509", "-inform", "DER", "-in", "der", "-out", &to],
    ));
}

/// Makes a certificate that `ca` signs with this hash. Without an extension, openssl before 3.2
/// makes one of X.509 version 1.
fn signed(folder: &Path, name: &str, subject: &str, hash: &str, extension: Option<&str>) {
    let (key, request) = (format!("{name}.key"), format!("{name}.csr"));
    let mut ask = openssl(folder, &["req", "-new", "-nodes", "-newkey", "rsa:2048"]);
    run(ask.args(["-subj", subject, "-keyout", &key, "-out", &request]));
    let mut sign = openssl(
        folder,
        &["x509", "-req", "-days", "2", "-CAcreateserial", hash],
    );
    sign.args(["-CA", "ca.crt", "-CAkey", "ca.key", "-in", &request]);
    if let Some(extension) = extension {
        fs::write(folder.join("extension"), extension).expect("a file can be written");
        sign.args(["-extfile", "extension"]);
    }
    run(sign.args(["-out", &format!("{name}.crt")]));
}

/// Whether a certificate is of X.509 version 1, which newer versions of openssl do not make.
pub(crate) fn is_version_1(file: &str) -> bool {
    let mut show = openssl(Path::new("/"), &["x509", "-noout", "-text", "-in", file]);
    let shown = show.output().expect("openssl can be run").stdout;
    String::from_utf8_lossy(&shown).contains("Version: 1 ")
}

fn openssl(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("openssl");
    command.current_dir(folder).args(args).stdin(Stdio::null());
    command
}
