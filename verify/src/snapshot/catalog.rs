//! The catalogs whose rows are objects or parts of objects, and the addresses of rows.

macro_rules! catalogs {
    ($($catalog:ident $name:literal $oid:literal,)*) => {
        /// A catalog. Its oid is the same in every version of Postgres (`src/include/catalog`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Catalog { $($catalog,)* }

        impl Catalog {
            const ALL: &[(Catalog, &str, u32)] = &[$((Catalog::$catalog, $name, $oid)),*];
        }
    };
}

catalogs! {
    AccessMethod "pg_am" 2601,
    Attrdef "pg_attrdef" 2604,
    Cast "pg_cast" 2605,
    Class "pg_class" 1259,
    Collation "pg_collation" 3456,
    Constraint "pg_constraint" 2606,
    Conversion "pg_conversion" 2607,
    Database "pg_database" 1262,
    EventTrigger "pg_event_trigger" 3466,
    Extension "pg_extension" 3079,
    Language "pg_language" 2612,
    Namespace "pg_namespace" 2615,
    Opclass "pg_opclass" 2616,
    Operator "pg_operator" 2617,
    Opfamily "pg_opfamily" 2753,
    Policy "pg_policy" 3256,
    Proc "pg_proc" 1255,
    Publication "pg_publication" 6104,
    PublishedSchema "pg_publication_namespace" 6237,
    PublishedTable "pg_publication_rel" 6106,
    Rewrite "pg_rewrite" 2618,
    Server "pg_foreign_server" 1417,
    Statistics "pg_statistic_ext" 3381,
    Subscription "pg_subscription" 6100,
    TextSearchConfiguration "pg_ts_config" 3602,
    TextSearchDictionary "pg_ts_dict" 3600,
    TextSearchParser "pg_ts_parser" 3601,
    TextSearchTemplate "pg_ts_template" 3764,
    Transform "pg_transform" 3576,
    Trigger "pg_trigger" 2620,
    Type "pg_type" 1247,
    Wrapper "pg_foreign_data_wrapper" 2328,
}

impl Catalog {
    /// The catalog with this name, such as `pg_class`.
    pub(super) fn named(name: &str) -> Option<Catalog> {
        let found = Catalog::ALL.iter().find(|(_, theirs, _)| *theirs == name);
        found.map(|(catalog, ..)| *catalog)
    }

    /// The catalog with this oid.
    pub(super) fn numbered(oid: u32) -> Option<Catalog> {
        let found = Catalog::ALL.iter().find(|(.., theirs)| *theirs == oid);
        found.map(|(catalog, ..)| *catalog)
    }
}

/// The address of a row: its catalog, its oid, and a column's number or 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Address {
    pub(crate) catalog: Catalog,
    pub(crate) oid: u32,
    pub(crate) sub: i32,
}

impl Address {
    /// The address of a whole row.
    pub(crate) fn of(catalog: Catalog, oid: u32) -> Address {
        Address {
            catalog,
            oid,
            sub: 0,
        }
    }
}
