//! Runs the example with each library, on a real server.
#![cfg(unix)]

use std::process::Command;

use migrator_localpg::Throwaway;

#[tokio::test]
async fn each_library_finds_the_migrations_applied() {
    let server = Throwaway::shared().expect("a server");
    for library in ["sqlx", "diesel", "deadpool", "bb8"] {
        let url = server.create_database().await.expect("a database");
        let output = Command::new(env!("CARGO_BIN_EXE_example-pools"))
            .arg(library)
            .env("DATABASE_URL", url)
            .output()
            .expect("it runs");
        let printed = String::from_utf8_lossy(&output.stdout);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{library}: {error}");
        assert!(printed.ends_with(" migrations are applied\n"), "{printed}");
        assert!(!printed.starts_with("0 "), "{printed}");
    }
}
