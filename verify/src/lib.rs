//! Proof on a real server: pictures of a database's catalog, and what differs between two.

pub mod difference;
pub mod empty;
mod mend;
pub mod picture;

pub use difference::{Change, Difference, differences};
pub use empty::{EmptyError, empty};
pub use picture::{Kind, Object, Picture, Properties, Scope};
