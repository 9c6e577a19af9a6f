//! A pooler in front of a server, which refuses chosen connections.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::mpsc::{Receiver, channel},
    thread,
};

/// Returns the port of a pooler, and for each connection whether it sent start-up options.
///
/// `answer` gets the number of the connection, from 0, and whether it sent start-up options.
/// It returns the message that refuses the connection, or nothing to carry it to `server`.
pub(crate) fn pooler(
    server: u16,
    answer: impl Fn(usize, bool) -> Option<Vec<u8>> + Send + 'static,
) -> (u16, Receiver<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port can be had");
    let port = listener.local_addr().expect("it has an address").port();
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.expect("somebody connects");
            let mut startup = [0; 1024];
            let length = stream.read(&mut startup).expect("it says who it is");
            let startup = &startup[..length];
            let word = b"options";
            let has_options = startup.windows(word.len()).any(|at| at == word);
            if sender.send(has_options).is_err() {
                return;
            }
            if let Some(refusal) = answer(number, has_options) {
                // The client may be gone already.
                let _ = stream.write_all(&refusal);
            } else {
                let mut behind =
                    TcpStream::connect(("127.0.0.1", server)).expect("the server listens");
                behind.write_all(startup).expect("it reads");
                join(stream, behind);
            }
        }
    });
    (port, receiver)
}

/// Returns the message of a server that refuses a session with this SQLSTATE.
pub(crate) fn refusal(sqlstate: &str, message: &str) -> Vec<u8> {
    let fields = format!("SFATAL\0VFATAL\0C{sqlstate}\0M{message}\0\0");
    let length = u32::try_from(fields.len() + 4).expect("small");
    [&b"E"[..], &length.to_be_bytes(), fields.as_bytes()].concat()
}

/// Copies both ways until one side ends.
fn join(one: TcpStream, other: TcpStream) {
    let copy = |mut from: TcpStream, mut to: TcpStream| {
        thread::spawn(move || {
            // Either side may go away at any time.
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
    };
    copy(
        one.try_clone().expect("a second handle"),
        other.try_clone().expect("a second handle"),
    );
    copy(other, one);
}
