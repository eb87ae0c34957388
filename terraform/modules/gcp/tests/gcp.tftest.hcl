# Plans and applies against a provider that answers, but does nothing.
mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  project_id        = "example-project"
  region            = "europe-west1"
  image             = "ghcr.io/example/iracing-pipeline@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  webserver_allowed = ["user:me@example.com"]
  iracing_account = {
    client_id        = "mock-client"
    client_secret_id = "projects/example-project/secrets/client"
  }
}

run "defaults_are_safe" {
  command = plan

  assert {
    condition     = !google_sql_database_instance.this.settings[0].ip_configuration[0].ipv4_enabled && google_sql_database_instance.this.settings[0].ip_configuration[0].ssl_mode == "ENCRYPTED_ONLY"
    error_message = "The database must have no public address, and take TLS alone."
  }
  assert {
    condition     = google_sql_database_instance.this.deletion_protection && google_sql_database_instance.this.settings[0].deletion_protection_enabled && google_sql_database_instance.this.settings[0].retain_backups_on_delete
    error_message = "The database must refuse to be destroyed, and leave its backups."
  }
  assert {
    condition     = google_sql_database_instance.this.settings[0].backup_configuration[0].point_in_time_recovery_enabled && google_sql_database_instance.this.settings[0].backup_configuration[0].backup_retention_settings[0].retained_backups >= 7
    error_message = "The database must have a week of backups and recovery to a moment."
  }
  assert {
    condition     = alltrue([for bucket in google_storage_bucket.this : bucket.public_access_prevention == "enforced" && bucket.uniform_bucket_level_access])
    error_message = "No bucket may be public."
  }
  assert {
    condition     = length(google_cloud_scheduler_job.collector) == 0 && length(google_compute_router_nat.this) == 0 && length(google_project_iam_member.metrics) == 0
    error_message = "What costs money, or a right, must be asked for."
  }
  assert {
    condition     = output.lake_uri == "gs://example-project-iracing-prod-lake" && output.metrics_query_url == null
    error_message = "Outputs do not match."
  }
}

run "one_daemon" {
  command = apply

  assert {
    condition     = google_cloud_run_v2_worker_pool.dagster[0].scaling[0].manual_instance_count == 1 && length([for container in google_cloud_run_v2_worker_pool.dagster[0].template[0].containers : container if container.name == "daemon"]) == 1
    error_message = "There is one daemon."
  }
  assert {
    condition     = google_cloud_run_v2_service.webserver[0].ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY" && [for member in google_cloud_run_v2_service_iam_member.webserver : member.member] == ["user:me@example.com"]
    error_message = "The webserver is internal, and for named people."
  }
  assert {
    condition     = alltrue(flatten([for container in google_cloud_run_v2_worker_pool.dagster[0].template[0].containers : [for entry in container.env : length(entry.value_source) == 1 if contains(["IRACING_DATABASE_URL", "IRACING_CLIENT_SECRET", "IRACING_PASSWORD", "IRACING_CLOUD_PUSH_TOKEN"], entry.name)]]))
    error_message = "Secrets come from Secret Manager, not from the definition."
  }
  assert {
    condition     = length([for key, grant in google_secret_manager_secret_iam_member.read : key if startswith(key, "webserver/") && !contains(["webserver/database-url", "webserver/dagster-url", "webserver/file-dagster", "webserver/file-database"], key)]) == 0
    error_message = "The webserver reads the addresses of the database and nothing of iRacing's."
  }
}

run "roles_are_kept_apart" {
  command = apply

  assert {
    condition     = [for key, grant in google_secret_manager_secret_iam_member.read : key if endswith(key, "/admin-url") || endswith(key, "/roles") || endswith(key, "/owner-url")] == ["migrate/admin-url", "migrate/owner-url", "migrate/roles"]
    error_message = "Only migrations know the administrator, the owner and everybody's password."
  }
  assert {
    condition     = startswith(output.migrate, "gcloud run jobs execute iracing-prod-migrate ")
    error_message = "It is said how to migrate."
  }
}

run "containers_know_what_they_need" {
  #checkov:skip=CKV_SECRET_6:names of secrets, not secrets
  command = apply

  variables {
    iracing_account = {
      client_id         = "mock-client"
      client_secret_id  = "projects/example-project/secrets/client"
      username          = "mock@example.com"
      account_secret_id = "projects/example-project/secrets/account"
    }
    grafana_cloud = {
      remote_write_url = "https://prometheus.example.net/api/prom/push"
      user             = "1"
      token_secret_id  = "projects/example-project/secrets/token"
    }
  }

  assert {
    condition = jsonencode({ for container in google_cloud_run_v2_worker_pool.dagster[0].template[0].containers : container.name => sort([for entry in coalesce(container.env, []) : entry.name if length(entry.value_source) == 1]) }) == jsonencode({
      code-server = ["DAGSTER_POSTGRES_URL", "IRACING_CLIENT_SECRET", "IRACING_CLOUD_PUSH_TOKEN", "IRACING_DATABASE_URL", "IRACING_PASSWORD"]
      daemon      = ["DAGSTER_POSTGRES_URL"]
      metrics     = ["DAGSTER_POSTGRES_URL", "IRACING_DATABASE_URL"]
      prometheus  = []
    })
    error_message = "A container holds a secret that it does not use, or lacks one."
  }
  assert {
    condition     = toset(flatten([for container in google_cloud_run_v2_worker_pool.dagster[0].template[0].containers : [for entry in coalesce(container.env, []) : container.name if contains(["IRACING_CLIENT_ID", "IRACING_USERNAME", "IRACING_CLOUD_PUSH_URL"], entry.name)]])) == toset(["code-server"])
    error_message = "Only what asks iRacing is told of the account."
  }
  assert {
    condition = jsonencode({ for container in google_cloud_run_v2_job.this["collector"].template[0].template[0].containers : container.name => sort([for entry in coalesce(container.env, []) : entry.name if length(entry.value_source) == 1]) }) == jsonencode({
      collector = ["DAGSTER_POSTGRES_URL", "IRACING_CLIENT_SECRET", "IRACING_DATABASE_URL", "IRACING_PASSWORD"]
    })
    error_message = "The collector asks iRacing, and sends no metrics."
  }
  assert {
    condition = jsonencode({ for container in google_cloud_run_v2_service.webserver[0].template[0].containers : container.name => sort([for entry in coalesce(container.env, []) : entry.name if length(entry.value_source) == 1]) }) == jsonencode({
      code-server = ["DAGSTER_POSTGRES_URL", "IRACING_DATABASE_URL"]
      webserver   = ["DAGSTER_POSTGRES_URL"]
    })
    error_message = "The webserver's containers hold secrets that they do not use, or lack some."
  }
}

run "everything_at_once" {
  command = apply

  variables {
    nat                  = true
    dagster_size         = "large"
    db_size              = "large"
    db_backup_days       = 30
    db_high_availability = true
    collector_schedule   = "23 6 * * MON-FRI"
    managed_prometheus   = true
    tags                 = { team = "racing" }
  }

  assert {
    condition     = google_cloud_scheduler_job.collector[0].schedule == "23 6 * * MON-FRI" && google_cloud_scheduler_job.collector[0].time_zone == "Etc/UTC"
    error_message = "The schedule is the one asked for, in UTC."
  }
  assert {
    condition     = google_sql_database_instance.this.settings[0].availability_type == "REGIONAL" && google_sql_database_instance.this.settings[0].backup_configuration[0].transaction_log_retention_days == 7
    error_message = "A standby, and the longest log that the edition keeps."
  }
  assert {
    condition     = [for container in google_cloud_run_v2_worker_pool.dagster[0].template[0].containers : container.image if container.name == "prometheus"] == [local.google_prometheus]
    error_message = "Google's build of Prometheus exports to the project."
  }
  assert {
    condition     = google_cloud_run_v2_worker_pool.dagster[0].template[0].vpc_access[0].egress == "ALL_TRAFFIC"
    error_message = "Behind NAT everything leaves by the network."
  }
}

run "collector_alone" {
  command = apply

  variables {
    dagster_enabled    = false
    collector_schedule = "23 * * * *"
    webserver_allowed  = []
  }

  assert {
    condition     = length(google_cloud_run_v2_worker_pool.dagster) == 0 && length(google_cloud_scheduler_job.collector) == 1 && output.webserver_url == null
    error_message = "The collector runs without Dagster."
  }
}

run "grafana_cloud" {
  command = apply

  variables {
    grafana_cloud = {
      remote_write_url = "https://prometheus.example.net/api/prom/push"
      user             = "1"
      token_secret_id  = "projects/example-project/secrets/token"
    }
  }

  assert {
    condition     = yamldecode(local.files["prometheus"].text).remote_write[0].basic_auth.password_file == "/etc/iracing/cloud/token"
    error_message = "Prometheus reads the token from a file."
  }
}

run "unreachable_webserver_is_said" {
  command = plan
  variables {
    webserver_allowed = []
  }
  expect_failures = [check.webserver_can_be_reached]
}

run "collector_needs_an_account" {
  command = plan
  variables {
    collector_schedule = "23 * * * *"
    iracing_account    = null
  }
  expect_failures = [google_cloud_scheduler_job.collector]
}
