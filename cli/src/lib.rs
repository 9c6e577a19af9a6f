//! The commands of migrator, over any registry.
