-- migrator: requires notification/20240408090455
-- migrator: allow M0216 because no project has a channel yet, so that the index is empty after one pass
-- migrator: allow M0218 because the column is new and null in every row, so that nothing is looked up
-- A failed build sends a message to the project's channel. There is no ON DELETE:
-- before a channel is deleted, it must be removed from the project.
ALTER TABLE platform.projects
    ADD COLUMN alert_channel_id uuid,
    ADD CONSTRAINT projects_tenant_id_alert_channel_id_fkey FOREIGN KEY (tenant_id, alert_channel_id)
        REFERENCES notification.channels (tenant_id, id);

COMMENT ON COLUMN platform.projects.alert_channel_id IS 'Told of failed builds; null tells nobody';

CREATE INDEX projects_tenant_id_alert_channel_id_idx ON platform.projects (tenant_id, alert_channel_id)
    WHERE alert_channel_id IS NOT NULL;
