//! Keepalives: what the sockets and the session are set to.
//!
//! The kernel and Postgres then end a dead connection within a minute. docs/reliability.md
//! has the measurement, with a network that drops all packets.

use migrator_connect::{Connection, open};

use super::support::{
    ask, opened,
    pooler::{pooler, refusal},
    server::{Running, Server, server},
    settings,
};

/// Returns the keepalive settings of the server's session.
async fn server_side(connection: &Connection) -> String {
    let settings = [
        "tcp_keepalives_idle",
        "tcp_keepalives_interval",
        "tcp_keepalives_count",
        "tcp_user_timeout",
        "client_connection_check_interval",
    ];
    let settings = settings.map(|name| format!("current_setting('{name}', true)"));
    let sql = format!("SELECT concat_ws(' ', {})", settings.join(", "));
    ask(connection, &sql).await
}

/// Adds `client_connection_check_interval` to `probes`, which servers before 14 do not have.
async fn expected(connection: &Connection, probes: &str) -> String {
    let version = ask(connection, "SHOW server_version_num").await;
    match version.parse::<u32>().expect("a number") {
        ..140_000 => probes.to_owned(),
        _ => format!("{probes} 5s"),
    }
}

#[tokio::test]
async fn both_sides_send_keepalive_probes() {
    let server = server(Server::Plain);
    let connection = opened(&server.app()).await;
    let set = expected(&connection, "20 10 3 45000").await;
    assert_eq!(server_side(&connection).await, set);
    let reset = connection.client.simple_query("RESET ALL").await;
    reset.expect("the server resets the settings");
    assert_eq!(server_side(&connection).await, set, "after RESET ALL");
    if cfg!(target_os = "linux") {
        let seconds = seconds_to_probe(&connection, server).await;
        assert!((1..=20).contains(&seconds), "{seconds}");
    }
}

#[tokio::test]
async fn settings_of_the_user_override_the_keepalive_defaults() {
    let server = server(Server::Plain);
    let rest = "keepalives_idle=500 options='-c tcp_keepalives_idle=7 -c tcp_user_timeout=0'";
    let connection = opened(&format!("{} {rest}", server.app())).await;
    let set = expected(&connection, "7 10 3 0").await;
    assert_eq!(server_side(&connection).await, set);
    if cfg!(target_os = "linux") {
        let seconds = seconds_to_probe(&connection, server).await;
        assert!((400..=500).contains(&seconds), "{seconds}");
    }
}

/// Returns the seconds until the kernel sends the next probe. proc(5) describes the source:
/// the column `tr:tm->when` is in hundredths of a second, and timer 2 is for keepalives.
async fn seconds_to_probe(connection: &Connection, server: &Running) -> u32 {
    let local = ask(connection, "SELECT inet_client_port()").await;
    let (local, remote) = (local.parse::<u16>().expect("a port"), server.port);
    let table = std::fs::read_to_string("/proc/net/tcp").expect("proc is mounted");
    let (local, remote) = (format!(":{local:04X}"), format!(":{remote:04X}"));
    let timer = table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_ours = fields.get(1)?.ends_with(&local) && fields.get(2)?.ends_with(&remote);
        is_ours.then(|| fields.get(5).map(|timer| (*timer).to_owned()))?
    });
    let timer = timer.expect("the connection is in the table");
    let (kind, when) = timer.split_once(':').expect("two parts");
    assert_eq!(kind, "02", "{timer}");
    u32::from_str_radix(when, 16)
        .expect("a number")
        .div_ceil(100)
}

#[tokio::test]
async fn after_a_pooler_refuses_start_up_options_the_client_sends_none() {
    let server = server(Server::Plain);
    // As PgBouncer answers.
    let refusal = refusal("08P01", "unsupported startup parameter: options");
    let (port, has_options) = pooler(server.port, move |_, has_options| {
        has_options.then(|| refusal.clone())
    });
    let text = server.at_port(port, "sslmode=disable");
    let connection = opened(&text).await;
    assert_eq!(ask(&connection, "SELECT 1").await, "1");
    let settings = settings(&text);
    for _ in 0..2 {
        let connection = open(&settings).await.expect("the server answers");
        connection.close().await;
    }
    connection.close().await;
    let has_options: Vec<bool> = has_options.try_iter().collect();
    // The second connection by the same settings is not refused first.
    assert_eq!(has_options, [true, false, true, false, false]);
}
