//! Proof on a real server: pictures of a database's catalog, and what differs between two.
