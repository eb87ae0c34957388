# What a module refuses: one run for every validation.
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

run "name" {
  command = plan
  variables {
    name = "X"
  }
  expect_failures = [var.name]
}

run "environment" {
  command = plan
  variables {
    environment = "Production"
  }
  expect_failures = [var.environment]
}

run "region" {
  command = plan
  variables {
    region = "EU West"
  }
  expect_failures = [var.region]
}

run "image_by_tag" {
  command = plan
  variables {
    image = "ghcr.io/example/iracing-pipeline:latest"
  }
  expect_failures = [var.image]
}

run "prometheus_latest" {
  command = plan
  variables {
    prometheus_image = "docker.io/prom/prometheus:latest"
  }
  expect_failures = [var.prometheus_image]
}

run "public_network" {
  command = plan
  variables {
    network_cidr = "8.8.0.0/16"
  }
  expect_failures = [var.network_cidr]
}

run "dagster_size" {
  command = plan
  variables {
    dagster_size = "huge"
  }
  expect_failures = [var.dagster_size]
}

run "schedule_rate" {
  command = plan
  variables {
    collector_schedule = "rate(1 hour)"
  }
  expect_failures = [var.collector_schedule]
}

run "schedule_weekday_number" {
  command = plan
  variables {
    collector_schedule = "0 4 * * 1"
  }
  expect_failures = [var.collector_schedule]
}

run "nothing_ever_runs" {
  command = plan
  variables {
    dagster_enabled = false
  }
  expect_failures = [var.collector_schedule]
}

run "db_size" {
  command = plan
  variables {
    db_size = "tiny"
  }
  expect_failures = [var.db_size]
}

run "db_storage" {
  command = plan
  variables {
    db_storage_gb = 33
  }
  expect_failures = [var.db_storage_gb]
}

run "six_days_of_backups" {
  command = plan
  variables {
    db_backup_days = 6
  }
  expect_failures = [var.db_backup_days]
}

run "half_a_day" {
  command = plan
  variables {
    db_backup_days = 7.5
  }
  expect_failures = [var.db_backup_days]
}

run "standby_of_a_small_database" {
  command = plan
  variables {
    db_high_availability = true
  }
  expect_failures = [var.db_high_availability]
}

run "credential_version" {
  command = plan
  variables {
    db_credential_version = 0
  }
  expect_failures = [var.db_credential_version]
}

run "uploads_for_a_day" {
  command = plan
  variables {
    telemetry_keep_days = 1
  }
  expect_failures = [var.telemetry_keep_days]
}

run "logs_for_a_week" {
  command = plan
  variables {
    log_keep_days = 7
  }
  expect_failures = [var.log_keep_days]
}

run "user_without_secret" {
  command = plan
  variables {
    iracing_account = { client_id = "a", client_secret_id = "b", username = "c" }
  }
  expect_failures = [var.iracing_account]
}

run "too_many_calls" {
  command = plan
  variables {
    iracing_account = { client_id = "a", client_secret_id = "b", calls_per_minute = 241 }
  }
  expect_failures = [var.iracing_account]
}

run "metrics_without_dagster" {
  command = plan
  variables {
    managed_prometheus = true
    dagster_enabled    = false
    collector_schedule = "23 * * * *"
  }
  expect_failures = [var.managed_prometheus]
}

run "two_places_for_metrics" {
  command = plan
  variables {
    managed_prometheus = true
    grafana_cloud      = { remote_write_url = "https://a.example/push", user = "1", token_secret_id = "t" }
  }
  expect_failures = [var.managed_prometheus]
}

run "credentials_in_a_url" {
  command = plan
  variables {
    grafana_cloud = { remote_write_url = "https://a:b@c.example/push", user = "1", token_secret_id = "t" }
  }
  expect_failures = [var.grafana_cloud]
}

run "tags_in_capitals" {
  command = plan
  variables {
    tags = { Team = "Racing" }
  }
  expect_failures = [var.tags]
}

run "webserver_for_everybody" {
  command = plan
  variables {
    webserver_allowed = ["allUsers"]
  }
  expect_failures = [var.webserver_allowed]
}

run "project_by_name" {
  command = plan
  variables {
    project_id = "My Project"
  }
  expect_failures = [var.project_id]
}
