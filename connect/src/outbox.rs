//! Writes a long message from its pieces, without a copy of them.
//!
//! tokio-postgres copies each message twice before it writes the message to the stream. So it gets
//! a short *ticket* in the place of a long message. The stream recognises the frame of the ticket,
//! and writes the frame of the long message instead.
//!
//! A script cannot contain a ticket's frame: the frame contains zero bytes, and the text of a query
//! contains none.

use std::{
    borrow::Cow,
    collections::VecDeque,
    fmt,
    hash::{BuildHasher, RandomState},
    io,
    ops::{Deref, Range},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use tokio::io::AsyncWrite;

/// A text that is shared without a copy.
#[derive(Clone, Debug)]
pub enum SharedText {
    /// A text in the program.
    Static(&'static str),
    /// A text in memory.
    Owned(Arc<String>),
}

/// A part of a shared text.
#[derive(Clone, Debug)]
pub struct Piece {
    text: SharedText,
    range: Range<usize>,
}

impl Deref for SharedText {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            SharedText::Static(text) => text,
            SharedText::Owned(text) => text,
        }
    }
}

impl From<String> for SharedText {
    fn from(text: String) -> SharedText {
        SharedText::Owned(Arc::new(text))
    }
}

impl From<Cow<'static, str>> for SharedText {
    fn from(text: Cow<'static, str>) -> SharedText {
        match text {
            Cow::Borrowed(text) => SharedText::Static(text),
            Cow::Owned(text) => SharedText::from(text),
        }
    }
}

impl SharedText {
    /// A part of the text; the empty text if there is no such part.
    #[must_use]
    pub fn piece(&self, range: Range<usize>) -> Piece {
        Piece {
            text: self.clone(),
            range,
        }
    }
}

impl Deref for Piece {
    type Target = str;

    fn deref(&self) -> &str {
        self.text.get(self.range.clone()).unwrap_or_default()
    }
}

/// The long messages of a connection that are not written yet.
#[derive(Clone, Default)]
pub(crate) struct Outbox(Arc<Mutex<VecDeque<Letter>>>);

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").finish_non_exhaustive()
    }
}

/// A long message.
struct Letter {
    /// The frame of the ticket.
    ticket: Vec<u8>,
    /// The first bytes of the message's frame: its kind and its length.
    head: [u8; 5],
    pieces: Vec<Piece>,
}

/// The start of the text of a ticket, which tokio-postgres logs instead of a long message.
pub const TICKET: &str = "migrator: the long message ";

/// The kind of the frame of a simple query (protocol documentation, *Message Formats*).
const QUERY: u8 = b'Q';

impl Outbox {
    /// Adds a message, and returns the text of its ticket. Returns `None` if a frame cannot hold
    /// the message: it is too long, or has a zero byte.
    pub(crate) fn post(&self, pieces: &[Piece]) -> Option<String> {
        if pieces.iter().any(|piece| piece.contains('\0')) {
            return None;
        }
        let number = RandomState::new().hash_one(pieces.len());
        // This is no SQL: a server that received it would refuse it.
        let ticket = format!("{TICKET}{number:016x}");
        let letter = Letter {
            ticket: frame(&ticket)?,
            head: head(pieces.iter().map(|piece| piece.len()).sum())?,
            pieces: pieces.to_vec(),
        };
        self.letters().push_back(letter);
        Some(ticket)
    }

    /// Removes the message of a ticket that was not sent.
    pub(crate) fn withdraw(&self, ticket: &str) {
        let frame = frame(ticket);
        self.letters()
            .retain(|letter| Some(&letter.ticket) != frame.as_ref());
    }

    /// Where the first ticket starts in these bytes.
    fn find(&self, bytes: &[u8]) -> Option<usize> {
        let letters = self.letters();
        let starts = letters.iter().filter_map(|letter| {
            let length = letter.ticket.len();
            bytes.windows(length).position(|part| part == letter.ticket)
        });
        starts.min()
    }

    /// Removes the message whose ticket these bytes start with.
    fn take(&self, bytes: &[u8]) -> Option<Letter> {
        let mut letters = self.letters();
        let is_here = |letter: &Letter| bytes.starts_with(&letter.ticket);
        let index = letters.iter().position(is_here)?;
        letters.remove(index)
    }

    fn letters(&self) -> MutexGuard<'_, VecDeque<Letter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The frame of a short query.
fn frame(text: &str) -> Option<Vec<u8>> {
    let mut frame = head(text.len())?.to_vec();
    frame.extend_from_slice(text.as_bytes());
    frame.push(0);
    Some(frame)
}

/// The first bytes of the frame of a query: the length counts itself and the zero byte at the end.
fn head(length: usize) -> Option<[u8; 5]> {
    let [a, b, c, d] = i32::try_from(length.checked_add(5)?).ok()?.to_be_bytes();
    Some([QUERY, a, b, c, d])
}

/// Writes to a stream, and replaces tickets by their messages.
#[derive(Default)]
pub(crate) struct Writer {
    outbox: Outbox,
    current: Option<Writing>,
}

/// A message of which a part is written.
struct Writing {
    letter: Letter,
    /// The next part: 0 is the head, and the last one is the zero byte at the end.
    part: usize,
    /// How much of that part is written.
    written: usize,
}

impl Writer {
    pub(crate) fn new(outbox: Outbox) -> Writer {
        Writer {
            outbox,
            current: None,
        }
    }

    /// As [`AsyncWrite::poll_write`] of the stream.
    ///
    /// tokio-postgres hands over whole frames, and offers bytes again that were not written. So a
    /// ticket is whole, and stays at the start until its message is written.
    pub(crate) fn poll_write<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        task: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.current.is_none() {
            match self.outbox.find(bytes) {
                None => return Pin::new(stream).poll_write(task, bytes),
                Some(0) => self.current = self.outbox.take(bytes).map(Writing::new),
                Some(before) => return Pin::new(stream).poll_write(task, &bytes[..before]),
            }
        }
        let Some(writing) = &mut self.current else {
            return Pin::new(stream).poll_write(task, bytes);
        };
        while let Some(rest) = writing.rest() {
            match ready!(Pin::new(&mut *stream).poll_write(task, rest))? {
                0 if !rest.is_empty() => {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                written => writing.advance(written),
            }
        }
        let replaced = writing.letter.ticket.len();
        self.current = None;
        Poll::Ready(Ok(replaced))
    }
}

impl Writing {
    fn new(letter: Letter) -> Writing {
        Writing {
            letter,
            part: 0,
            written: 0,
        }
    }

    /// The rest of the current part; `None` at the end of the message.
    fn rest(&self) -> Option<&[u8]> {
        self.part_at(self.part)?.get(self.written..)
    }

    fn part_at(&self, part: usize) -> Option<&[u8]> {
        let Letter { head, pieces, .. } = &self.letter;
        match part.checked_sub(1) {
            None => Some(head),
            Some(index) if index == pieces.len() => Some(&[0]),
            Some(index) => pieces.get(index).map(|piece| piece.as_bytes()),
        }
    }

    fn advance(&mut self, written: usize) {
        self.written += written;
        let length = |part: &[u8]| part.len();
        if self.part_at(self.part).map_or(0, length).le(&self.written) {
            self.part += 1;
            self.written = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        pin::Pin,
        task::{Context, Poll, Waker},
    };

    use tokio::io::AsyncWrite;

    use super::{Outbox, SharedText, Writer, frame};

    /// A stream that takes at most `most` bytes at a time, and is busy at each second call.
    struct Slow {
        taken: Vec<u8>,
        most: usize,
        is_busy: bool,
    }

    impl AsyncWrite for Slow {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.is_busy = !self.is_busy;
            if self.is_busy {
                return Poll::Pending;
            }
            let taken = bytes.len().min(self.most);
            self.taken.extend_from_slice(&bytes[..taken]);
            Poll::Ready(Ok(taken))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// What a stream gets when tokio-postgres writes these bytes.
    fn written(outbox: &Outbox, bytes: &[u8], most: usize) -> Vec<u8> {
        let mut stream = Slow {
            taken: Vec::new(),
            most,
            is_busy: false,
        };
        let mut writer = Writer::new(outbox.clone());
        let (mut task, mut rest) = (Context::from_waker(Waker::noop()), bytes);
        while !rest.is_empty() {
            if let Poll::Ready(written) = writer.poll_write(&mut stream, &mut task, rest) {
                rest = &rest[written.expect("the stream takes everything")..];
            }
        }
        stream.taken
    }

    #[test]
    fn a_ticket_is_replaced_by_its_message() {
        let script = SharedText::from("INSERT INTO t VALUES ('ü')".to_owned());
        let message = || {
            vec![
                SharedText::Static("BEGIN;").piece(0..6),
                script.piece(7..script.len()),
            ]
        };
        let text = "BEGIN;INTO t VALUES ('ü')";
        assert_eq!(
            message().iter().map(|piece| &**piece).collect::<String>(),
            text
        );
        for most in [1, 2, 7, 1_000] {
            let outbox = Outbox::default();
            let query = |text: &str| frame(text).expect("short");
            let sent = |middle: &[&str]| {
                let texts = ["SELECT 1"].iter().chain(middle).chain(&["SELECT 2"]);
                texts.flat_map(|text| query(text)).collect::<Vec<u8>>()
            };
            let first = outbox.post(&message()).expect("it fits");
            let second = outbox.post(&message()).expect("it fits");
            assert_eq!(
                written(&outbox, &sent(&[&second, &first]), most),
                sent(&[text, text]),
                "{most} bytes at a time"
            );
            assert!(outbox.letters().is_empty());
        }
    }

    #[test]
    fn a_withdrawn_message_is_not_written() {
        let outbox = Outbox::default();
        let ticket = outbox.post(&[SharedText::Static("SELECT 1").piece(0..8)]);
        let ticket = ticket.expect("it fits");
        outbox.withdraw(&ticket);
        assert!(outbox.letters().is_empty());
        let bytes = frame(&ticket).expect("short");
        assert_eq!(written(&outbox, &bytes, 3), bytes);
    }

    #[test]
    fn a_text_with_a_zero_byte_fits_no_frame() {
        let piece = SharedText::Static("SELECT '\0'").piece(0..10);
        assert_eq!(Outbox::default().post(&[piece]), None);
    }
}
