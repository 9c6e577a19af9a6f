-- migrator: requires notification/20240408090455
-- A project tells its own team when a build fails. Without ON DELETE: a channel
-- that a project uses is first taken out of the project.
ALTER TABLE platform.projects
    ADD COLUMN alert_channel_id uuid,
    ADD CONSTRAINT projects_tenant_id_alert_channel_id_fkey FOREIGN KEY (tenant_id, alert_channel_id)
        REFERENCES notification.channels (tenant_id, id);

COMMENT ON COLUMN platform.projects.alert_channel_id IS 'Told of failed builds; null tells nobody';

CREATE INDEX projects_tenant_id_alert_channel_id_idx ON platform.projects (tenant_id, alert_channel_id)
    WHERE alert_channel_id IS NOT NULL;
