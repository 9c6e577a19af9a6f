ALTER TABLE tenant.tennants ADD COLUMN note text;
