-- The permissions that services ask for, and the platform's four roles. Keys
-- and times are fixed, so that every database has the same rows.
INSERT INTO auth.permissions (code, description) VALUES
    ('alert.manage', 'Change alert rules and resolve alerts'),
    ('dashboard.edit', 'Change dashboards and their widgets'),
    ('dashboard.view', 'Look at dashboards'),
    ('member.invite', 'Invite people to the tenant'),
    ('member.remove', 'Remove people from the tenant'),
    ('project.build', 'Start a build'),
    ('project.deploy', 'Deploy a build to an environment'),
    ('project.edit', 'Create and change projects'),
    ('project.view', 'Look at projects, builds and deployments'),
    ('tenant.bill', 'Change the plan and see invoices'),
    ('tenant.configure', 'Change domains and settings');

INSERT INTO auth.roles (id, tenant_id, code, name, created_at, updated_at) VALUES
    ('f0c0e26d-4c07-4ec8-9f58-ab7f8fb908a5', NULL, 'owner', 'Owner', '2024-01-23 10:30:00+00', '2024-01-23 10:30:00+00'),
    ('c90b985b-8a35-4c91-ac29-4dffebad5339', NULL, 'administrator', 'Administrator', '2024-01-23 10:30:00+00', '2024-01-23 10:30:00+00'),
    ('c4597030-7cf4-4d86-95bc-fa84a484e281', NULL, 'developer', 'Developer', '2024-01-23 10:30:00+00', '2024-01-23 10:30:00+00'),
    ('253ce9e0-4eb4-46c3-ac92-f9646db64abf', NULL, 'viewer', 'Viewer', '2024-01-23 10:30:00+00', '2024-01-23 10:30:00+00');

INSERT INTO auth.role_permissions (role_id, permission_code)
SELECT g.role_id, p.code
FROM (VALUES
    (UUID 'f0c0e26d-4c07-4ec8-9f58-ab7f8fb908a5', '{alert.manage,dashboard.edit,dashboard.view,member.invite,member.remove,project.build,project.deploy,project.edit,project.view,tenant.bill,tenant.configure}'::text[]),
    (UUID 'c90b985b-8a35-4c91-ac29-4dffebad5339', '{alert.manage,dashboard.edit,dashboard.view,member.invite,member.remove,project.build,project.deploy,project.edit,project.view,tenant.configure}'),
    (UUID 'c4597030-7cf4-4d86-95bc-fa84a484e281', '{alert.manage,dashboard.edit,dashboard.view,project.build,project.deploy,project.edit,project.view}'),
    (UUID '253ce9e0-4eb4-46c3-ac92-f9646db64abf', '{dashboard.view,project.view}')
) AS g (role_id, permission_codes)
JOIN auth.permissions AS p ON p.code = ANY (g.permission_codes);
