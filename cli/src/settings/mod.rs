//! What the arguments mean together with the environment and the file `.env`.

mod dot_env;
mod environment;

pub(crate) use environment::{Environment, application};
