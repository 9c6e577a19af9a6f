//! The ways to have code run when somebody reads or writes the history, each with its error.

/// A change by a role that owns the history, and the error that it causes.
pub(super) const WAYS: &[(&str, &str)] = &[
    (
        "CREATE TRIGGER t BEFORE INSERT ON migrator.event FOR EACH ROW EXECUTE FUNCTION fires()",
        "`migrator.event`: the trigger `t on migrator.event` calls a function of `evil`",
    ),
    (
        "CREATE TRIGGER t BEFORE INSERT ON migrator.event FOR EACH ROW EXECUTE FUNCTION fires(); \
         ALTER TABLE migrator.event DISABLE TRIGGER t",
        "`migrator.event`: the trigger `t on migrator.event` calls a function of `evil`",
    ),
    (
        "CREATE TRIGGER t BEFORE UPDATE OF dirty ON migrator.core_history \
           FOR EACH ROW EXECUTE FUNCTION fires(); \
         ALTER TABLE migrator.core_history ENABLE REPLICA TRIGGER t",
        "`migrator.core_history`: the trigger `t on migrator.core_history` calls a function of \
         `evil`",
    ),
    (
        "CREATE TRIGGER t BEFORE TRUNCATE ON migrator.history EXECUTE FUNCTION fires(); \
         ALTER TABLE migrator.history ENABLE ALWAYS TRIGGER t",
        "`migrator.history`: the trigger `t on migrator.history` calls a function of `evil`",
    ),
    (
        "CREATE TRIGGER t AFTER INSERT ON migrator.event REFERENCING NEW TABLE AS added \
           EXECUTE FUNCTION fires()",
        "`migrator.event`: the trigger `t on migrator.event` calls a function of `evil`",
    ),
    (
        "ALTER FUNCTION fires() SECURITY DEFINER; \
         CREATE TRIGGER t BEFORE INSERT ON migrator.format EXECUTE FUNCTION fires()",
        "`migrator.format`: the trigger `t on migrator.format` calls a function of `evil`",
    ),
    (
        "CREATE TRIGGER t BEFORE UPDATE ON migrator.core_history FOR EACH ROW \
           WHEN (frozen(NEW.version)) EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "`migrator.core_history`: the condition of the trigger `t on migrator.core_history` \
         calls a function",
    ),
    (
        "CREATE TRIGGER t BEFORE UPDATE ON migrator.event FOR EACH ROW \
           WHEN (query_to_xml('SELECT trap()', true, true, '') IS NOT NULL) \
           EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "`migrator.event`: the condition of the trigger `t on migrator.event` calls a function",
    ),
    (
        "CREATE OPERATOR === (PROCEDURE = is_less, LEFTARG = bigint, RIGHTARG = bigint); \
         CREATE TRIGGER t BEFORE UPDATE ON migrator.event FOR EACH ROW WHEN (NEW.id === 1) \
           EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "`migrator.event`: the condition of the trigger `t on migrator.event` calls a function",
    ),
    (
        "CREATE TRIGGER t BEFORE UPDATE ON migrator.event FOR EACH ROW \
           WHEN (NEW.kind::checked = '') EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "`migrator.event`: the condition of the trigger `t on migrator.event` calls a function",
    ),
    (
        "ALTER TABLE migrator.event ADD words tsvector; \
         CREATE TRIGGER t BEFORE INSERT ON migrator.event FOR EACH ROW \
           EXECUTE FUNCTION tsvector_update_trigger('words', 'pg_catalog.simple', 'kind')",
        "`migrator.event`: the trigger `t on migrator.event` calls its function with arguments",
    ),
    (
        "CREATE TRIGGER t AFTER DELETE ON migrator.core_history EXECUTE FUNCTION fires()",
        "`migrator.core_history`: the trigger `t on migrator.core_history` calls a function of \
         `evil`",
    ),
    (
        "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON migrator.core_history \
           DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fires()",
        "`migrator.core_history`: the trigger `t on migrator.core_history` calls a function of \
         `evil`",
    ),
    (
        "ALTER TABLE migrator.event ALTER role SET DEFAULT number()",
        "`migrator.event`: the column `role` has the default `number()`",
    ),
    (
        "ALTER TABLE migrator.event ADD extra text DEFAULT query_to_xml('SELECT trap()', \
           true, true, '')",
        "`migrator.event`: the column `extra` has the default \
         `query_to_xml('SELECT trap()'::text, true, true, ''::text)`",
    ),
    (
        "CREATE SEQUENCE other; ALTER TABLE migrator.event ALTER id DROP IDENTITY, \
           ALTER id SET DEFAULT nextval('other')",
        "`migrator.event`: the column `id` has the default `nextval('other'::regclass)`",
    ),
    (
        "ALTER TABLE migrator.event ADD extra checked",
        "`migrator.event`: the column `extra` has the type `checked`, which is not Postgres's own",
    ),
    (
        "ALTER TABLE migrator.event ADD extra filled",
        "`migrator.event`: the column `extra` has the type `filled`, which is not Postgres's own",
    ),
    (
        "ALTER TABLE migrator.history DROP CONSTRAINT history_dirty_check; \
         ALTER TABLE migrator.history ALTER dirty TYPE own USING NULL",
        "`migrator.history`: the column `dirty` has the type `own`, which is not Postgres's own",
    ),
    (
        "ALTER TABLE migrator.event ADD extra boolean GENERATED ALWAYS AS (frozen(id)) STORED",
        "`migrator.event`: the column `extra` is generated",
    ),
    (
        "ALTER TABLE migrator.history ADD CHECK (trap())",
        "`migrator.history`: it has the check constraint `history_check`: `trap()`",
    ),
    (
        "ALTER TABLE migrator.core_history ADD CHECK (frozen(1))",
        "`migrator.core_history`: it has the check constraint `core_history_check`: `frozen(1)`",
    ),
    (
        "ALTER TABLE migrator.event ADD EXCLUDE (id WITH =)",
        "`migrator.event`: it has the constraint `event_id_excl`",
    ),
    (
        "CREATE TABLE public.mine (version bigint REFERENCES migrator.core_history \
           ON DELETE CASCADE)",
        "`migrator.core_history`: the foreign key `mine_version_fkey` refers to it",
    ),
    (
        "CREATE TABLE public.mine (id bigint PRIMARY KEY); \
         ALTER TABLE migrator.event ADD FOREIGN KEY (version) REFERENCES mine",
        "`migrator.event`: it has the foreign key `event_version_fkey`",
    ),
    (
        "CREATE INDEX i ON migrator.core_history (frozen(version))",
        "`migrator.core_history`: the index `migrator.i` evaluates a function that is not \
         Postgres's own",
    ),
    (
        "CREATE INDEX i ON migrator.event (id) WHERE frozen(1)",
        "`migrator.event`: the index `migrator.i` evaluates a function that is not Postgres's own",
    ),
    (
        "CREATE RULE r AS ON INSERT TO migrator.event DO ALSO SELECT trap()",
        "`migrator.event`: it has the rule `r on migrator.event`",
    ),
    (
        "ALTER TABLE migrator.history ENABLE ROW LEVEL SECURITY; \
         CREATE POLICY p ON migrator.history USING (trap())",
        "`migrator.history`: it has the policy `p on migrator.history`",
    ),
    (
        "ALTER TABLE migrator.core_history FORCE ROW LEVEL SECURITY",
        "`migrator.core_history`: row security is on, so that the server may hide rows",
    ),
    (
        "DROP TABLE migrator.format; CREATE VIEW migrator.format AS SELECT number() AS format",
        "`migrator.format`: it is a view, and no ordinary table",
    ),
    (
        "DROP TABLE migrator.format; \
         CREATE MATERIALIZED VIEW migrator.format AS SELECT 1 AS format",
        "`migrator.format`: it is a materialized view, and no ordinary table",
    ),
    (
        "DROP TABLE migrator.event; CREATE TABLE migrator.event (LIKE migrator.core_history, \
           kind text, service text) PARTITION BY LIST (kind)",
        "`migrator.event`: it is a partitioned table, and no ordinary table",
    ),
    (
        "DROP TABLE migrator.event; CREATE VIEW migrator.event AS SELECT 1 AS id; \
         CREATE TRIGGER t INSTEAD OF INSERT ON migrator.event \
           FOR EACH ROW EXECUTE FUNCTION fires()",
        "`migrator.event`: it is a view, and no ordinary table",
    ),
    (
        "DROP TABLE migrator.event; CREATE SEQUENCE migrator.event",
        "`migrator.event`: it is a sequence, and no ordinary table",
    ),
    (
        "CREATE TABLE public.mine () INHERITS (migrator.history)",
        "`migrator.mine`: the table `mine` inherits from `history`, and lies in another schema",
    ),
    (
        "CREATE TABLE migrator.mine () INHERITS (migrator.core_history)",
        "`migrator.core_history`: the table `migrator.mine` inherits from it",
    ),
    (
        "CREATE TABLE public.mine (name varchar(255) NOT NULL); \
         ALTER TABLE migrator.history INHERIT mine",
        "`migrator.history`: it inherits from the table `mine`",
    ),
    (
        "CREATE STATISTICS s ON (frozen(1)), kind FROM migrator.event",
        "`migrator.event`: the statistics `public.s` evaluates a function that is not \
         Postgres's own",
    ),
];
