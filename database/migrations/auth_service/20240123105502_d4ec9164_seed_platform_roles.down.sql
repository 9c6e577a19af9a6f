-- Deletes the platform's roles and the first permissions, and no others.
DELETE FROM auth.role_permissions
WHERE role_id IN (
    'f0c0e26d-4c07-4ec8-9f58-ab7f8fb908a5',
    'c90b985b-8a35-4c91-ac29-4dffebad5339',
    'c4597030-7cf4-4d86-95bc-fa84a484e281',
    '253ce9e0-4eb4-46c3-ac92-f9646db64abf'
);

DELETE FROM auth.roles
WHERE id IN (
    'f0c0e26d-4c07-4ec8-9f58-ab7f8fb908a5',
    'c90b985b-8a35-4c91-ac29-4dffebad5339',
    'c4597030-7cf4-4d86-95bc-fa84a484e281',
    '253ce9e0-4eb4-46c3-ac92-f9646db64abf'
);

DELETE FROM auth.permissions
WHERE code IN (
    'alert.manage', 'dashboard.edit', 'dashboard.view', 'member.invite', 'member.remove',
    'project.build', 'project.deploy', 'project.edit', 'project.view',
    'tenant.bill', 'tenant.configure'
);
