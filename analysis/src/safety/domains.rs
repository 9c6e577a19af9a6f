//! The domains that scripts create: their types and constraints.

use std::collections::{BTreeSet, HashMap};

use crate::clauses::{constraint_name, is_null_default, referred_constraint};
use crate::names::{Name, fold, name_of};
use crate::parse::{Id, Kind, Sql};
use crate::sql_type::SqlType;

/// The domains, by name.
#[derive(Default)]
pub(super) struct Domains(HashMap<Name, Domain>);

#[derive(Clone)]
struct Domain {
    base: Option<SqlType>,
    has_default: bool,
    is_not_null: bool,
    checks: BTreeSet<String>,
}

impl Domains {
    /// The type under a domain. Another type is its own base.
    pub(super) fn base_of(&self, of_type: &SqlType) -> SqlType {
        let last = self
            .chain(of_type)
            .last()
            .and_then(|(_, domain)| domain.base.clone());
        last.unwrap_or_else(|| of_type.clone())
    }

    /// The first domain in the chain of a type that has a constraint.
    pub(super) fn constrained(&self, of_type: &SqlType) -> Option<&Name> {
        let mut chain = self.chain(of_type);
        let found = chain.find(|(_, domain)| domain.is_not_null || !domain.checks.is_empty());
        found.map(|(name, _)| name)
    }

    /// The first domain in the chain of a type that is NOT NULL.
    pub(super) fn not_null(&self, of_type: &SqlType) -> Option<&Name> {
        let mut chain = self.chain(of_type);
        chain
            .find(|(_, domain)| domain.is_not_null)
            .map(|(name, _)| name)
    }

    /// Whether a type gives a column a default.
    pub(super) fn has_default(&self, of_type: &SqlType) -> bool {
        self.chain(of_type)
            .next()
            .is_some_and(|(_, domain)| domain.has_default)
    }

    /// A domain and its base types in order. The length is limited, as a domain could name itself.
    fn chain(&self, of_type: &SqlType) -> impl Iterator<Item = (&Name, &Domain)> {
        let mut next = of_type.name.clone();
        let links = std::iter::from_fn(move || {
            let (name, domain) = self.0.get_key_value(next.as_ref()?)?;
            next = domain.base.as_ref().and_then(|base| base.name.clone());
            Some((name, domain))
        });
        links.take(self.0.len())
    }

    /// Follows a statement that creates, alters or drops a domain.
    pub(super) fn follow(&mut self, sql: &Sql<'_>, statement: Id) {
        match sql.kind(statement) {
            Kind::CREATE_DOMAIN => self.create(sql, statement),
            Kind::ALTER_DOMAIN => self.alter(sql, statement),
            Kind::DROP_DOMAIN => {
                let names = sql.children(statement).filter_map(|id| domain_ref(sql, id));
                for name in names.collect::<Vec<_>>() {
                    self.0.remove(&name);
                }
            }
            _ => {}
        }
    }

    fn create(&mut self, sql: &Sql<'_>, statement: Id) {
        let Some(name) = sql
            .find(statement, Kind::DOMAIN)
            .and_then(|id| name_of(sql, id))
        else {
            return;
        };
        let base = SqlType::within(sql, statement);
        let of_base = base.as_ref().is_some_and(|base| self.has_default(base));
        let own = sql.child(statement, Kind::DEFAULT_CONSTRAINT);
        let mut domain = Domain {
            has_default: own.map_or(of_base, |own| !is_null_default(sql, own)),
            is_not_null: sql.child(statement, Kind::NOT_NULL_CONSTRAINT).is_some(),
            checks: BTreeSet::new(),
            base,
        };
        for constraint in sql.children(statement) {
            domain.check(sql, constraint);
        }
        self.0.insert(name, domain);
    }

    fn alter(&mut self, sql: &Sql<'_>, statement: Id) {
        let Some(name) = sql.children(statement).find_map(|id| domain_ref(sql, id)) else {
            return;
        };
        let Some(domain) = self.0.get_mut(&name) else {
            return;
        };
        let has = |kind| sql.child(statement, kind);
        if has(Kind::SET_NOT_NULL).is_some() {
            domain.is_not_null = true;
        } else if has(Kind::DROP_NOT_NULL).is_some() {
            domain.is_not_null = false;
        } else if let Some(default) = has(Kind::SET_DEFAULT) {
            domain.has_default = !is_null_default(sql, default);
        } else if has(Kind::DROP_DEFAULT).is_some() {
            domain.has_default = false;
        } else if let Some(added) = has(Kind::ADD_CONSTRAINT) {
            domain.is_not_null |= sql.child(added, Kind::NOT_NULL_CONSTRAINT).is_some();
            for constraint in sql.children(added) {
                domain.check(sql, constraint);
            }
        } else if let Some(action) = has(Kind::DROP_CONSTRAINT) {
            domain.drop_check(referred_constraint(sql, action));
        } else {
            self.rename(sql, statement, &name);
        }
    }

    fn rename(&mut self, sql: &Sql<'_>, statement: Id, old: &Name) {
        let mut new = old.clone();
        if let Some(action) = sql.child(statement, Kind::DOMAIN_RENAME_TO) {
            let name = sql.find(action, Kind::DOMAIN);
            let Some(name) = name.and_then(|id| name_of(sql, id)) else {
                return;
            };
            new.name = name.name;
        } else if let Some(action) = sql.child(statement, Kind::SET_SCHEMA) {
            let schema = sql.find(action, Kind::SCHEMA_REF);
            let schema = schema.map(|id| fold(sql.text_of(id)));
            new.schema = schema.filter(|schema| schema != "public");
        }
        if let Some(domain) = self.0.remove(old) {
            self.0.insert(new, domain);
        }
    }
}

impl Domain {
    fn check(&mut self, sql: &Sql<'_>, constraint: Id) {
        if sql.kind(constraint) == Kind::CHECK_CONSTRAINT {
            let name = constraint_name(sql, constraint);
            let name = name.unwrap_or_else(|| format!("#{}", self.checks.len()));
            self.checks.insert(name);
        }
    }

    /// Drops a check. An unknown name is one that Postgres generated for a check without a name.
    fn drop_check(&mut self, name: Option<String>) {
        let is_known = name.is_some_and(|name| self.checks.remove(&name));
        if !is_known {
            self.checks.pop_first();
        }
    }
}

fn domain_ref(sql: &Sql<'_>, id: Id) -> Option<Name> {
    (sql.kind(id) == Kind::DOMAIN_REF)
        .then(|| name_of(sql, id))
        .flatten()
}
