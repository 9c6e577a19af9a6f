-- Takes back the generators of the launch and no others.
DELETE FROM platform.generators
WHERE code IN ('web-application', 'http-service', 'worker', 'static-site');
