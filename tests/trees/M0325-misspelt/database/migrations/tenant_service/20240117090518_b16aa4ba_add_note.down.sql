ALTER TABLE tenant.tennants DROP COLUMN note;
