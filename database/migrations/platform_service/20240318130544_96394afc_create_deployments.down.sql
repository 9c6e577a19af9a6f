-- Removes environments and deployments.
DROP TABLE platform.deployments;

DROP TABLE platform.environments;

DROP TYPE platform.deployment_status;
