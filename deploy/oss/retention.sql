-- Dagster's events, 90 days long. What assets and checks tell stays: from it Dagster knows which dates are there.
-- Runs stay, too; of an old one the timeline of its steps and its log lines are gone.
-- https://docs.dagster.io/deployment/troubleshooting/database-tuning
delete from event_logs
where timestamp < now() at time zone 'utc' - interval '90 days'
    and (
        dagster_event_type is null   -- a line of a log
        or dagster_event_type in ('ENGINE_EVENT', 'HANDLED_OUTPUT', 'LOADED_INPUT', 'LOGS_CAPTURED')
        or starts_with(dagster_event_type, 'RESOURCE_INIT_')
        or starts_with(dagster_event_type, 'STEP_')
    );
