ALTER TABLE tenants
    ADD COLUMN plan text NOT NULL DEFAULT 'free',
    ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();
