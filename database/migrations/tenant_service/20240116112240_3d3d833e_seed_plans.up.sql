-- The plans at launch. Times are fixed, so that every database has the same rows.
INSERT INTO tenant.plans (
    code, name, monthly_price, max_members, max_projects, is_public, created_at, updated_at
) VALUES
    ('free', 'Free', ROW(0, 'EUR'), 3, 1, true, '2024-01-16 11:00:00+00', '2024-01-16 11:00:00+00'),
    ('team', 'Team', ROW(49, 'EUR'), 20, 10, true, '2024-01-16 11:00:00+00', '2024-01-16 11:00:00+00'),
    ('business', 'Business', ROW(249, 'EUR'), 200, 100, true, '2024-01-16 11:00:00+00', '2024-01-16 11:00:00+00'),
    ('enterprise', 'Enterprise', ROW(1490, 'EUR'), NULL, NULL, false, '2024-01-16 11:00:00+00', '2024-01-16 11:00:00+00');
