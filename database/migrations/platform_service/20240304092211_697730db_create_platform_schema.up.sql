-- The schema of the platform service.
CREATE SCHEMA platform;

COMMENT ON SCHEMA platform IS 'The factory: generators, templates, projects, builds and deployments';
