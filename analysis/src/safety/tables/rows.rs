//! Follows statements that remove or insert rows.

use super::Tables;
use crate::names::Name;
use crate::parse::{Id, Sql};
use crate::safety::rows::{Reach, RowChange, changes};
use crate::safety::table::{Emptied, Table};

impl Tables {
    /// Follows the changes of a statement to rows. `in_transaction` says whether the script runs
    /// in a transaction, in which TRUNCATE keeps other sessions out.
    pub(super) fn follow_rows(&mut self, sql: &Sql<'_>, statement: Id, in_transaction: bool) {
        for change in changes(sql, statement) {
            match change {
                RowChange::Empties(name, how, reach) => {
                    let how = if in_transaction {
                        how
                    } else {
                        Emptied::Deleted
                    };
                    self.empty(&name, how, reach);
                }
                RowChange::Fills(name) => self.fill(&name),
                RowChange::MayEmptyAny => self.empty_any(),
                RowChange::MayEmpty(words) => {
                    let names: Vec<Name> = self.names().cloned().collect();
                    for name in names.iter().filter(|name| words.contains(&name.name)) {
                        self.empty(name, Emptied::Deleted, Reach::Children);
                    }
                }
            }
        }
    }

    fn empty(&mut self, name: &Name, how: Emptied, reach: Reach) {
        let mut reached = vec![name.clone()];
        let mut at = 0;
        while let Some(table) = reached.get(at).cloned() {
            at += 1;
            let further = match reach {
                Reach::Only => Vec::new(),
                Reach::Children => self.children_of(&table),
                Reach::Cascade => [self.children_of(&table), self.referrers_of(&table)].concat(),
            };
            let news = further.into_iter().filter(|one| !reached.contains(one));
            let news: Vec<Name> = news.collect();
            reached.extend(news);
        }
        if reach == Reach::Cascade {
            // A table that no script creates may refer to it.
            self.empty_unknown();
        }
        for table in &reached {
            self.mark_emptied(table, Some(how));
        }
    }

    fn fill(&mut self, name: &Name) {
        let related = [
            vec![name.clone()],
            self.parents_of(name),
            self.children_of(name),
        ];
        for table in related.concat() {
            self.mark_emptied(&table, None);
        }
    }

    fn mark_emptied(&mut self, name: &Name, how: Option<Emptied>) {
        let emptied = how.map(|how| (self.current, how));
        let table = self
            .by_name
            .entry(name.clone())
            .or_insert_with(|| Table::unknown(0));
        table.set_emptied(emptied);
    }

    fn empty_unknown(&mut self) {
        self.empties_unknown = true;
    }

    fn empty_any(&mut self) {
        self.empties_unknown = true;
        for table in self.by_name.values_mut() {
            table.set_emptied(Some((self.current, Emptied::Deleted)));
        }
    }
}
