COPY tenants (id, name) FROM stdin;
0f9e4b52-6e0a-4d0c-9b43-0c2a6f3f5d11	Central
\.
