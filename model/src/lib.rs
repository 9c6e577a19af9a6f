//! A tree of Postgres migrations, checked and put in order.
