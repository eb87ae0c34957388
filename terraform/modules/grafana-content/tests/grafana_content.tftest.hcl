# Plans and applies against a provider that answers, but does nothing.
mock_provider "grafana" {}

variables {
  postgres   = { host = "db.example.net" }
  prometheus = { url = "http://127.0.0.1:9090" }
}

run "same_files_as_compose" {
  command = apply

  assert {
    condition     = length(grafana_dashboard.this) == length(fileset("../../../grafana/dashboards", "*/*.json"))
    error_message = "Every dashboard's file is a dashboard."
  }
  assert {
    condition     = output.folders == { for name in ["operations", "performance", "strategy", "telemetry", "trends"] : name => "iracing-${name}" }
    error_message = "Every folder of dashboards is one of Grafana's."
  }
  assert {
    condition     = alltrue([for group in grafana_rule_group.this : group.folder_uid == "iracing-operations"])
    error_message = "Alerts have their folder."
  }
  assert {
    condition     = grafana_data_source.postgres.uid == "iracing-postgres" && grafana_data_source.prometheus.uid == "iracing-prometheus"
    error_message = "Dashboards name these uids."
  }
  assert {
    condition     = jsondecode(grafana_data_source.postgres.json_data_encoded).sslmode == "verify-full" && grafana_data_source.postgres.secure_json_data_encoded == null
    error_message = "TLS is checked, and no password passes through."
  }
  assert {
    condition     = output.alerts == flatten([for group in yamldecode(file("../../../prometheus/rules/alerts.yml")).groups : [for rule in group.rules : rule.alert]])
    error_message = "Every alert of Prometheus's is one of Grafana's."
  }
  assert {
    condition     = alltrue([for rule in grafana_rule_group.this["iracing-alerts"].rule : rule.condition == "fires" && length(rule.data) == 3 && !can(regex("\\$value[^s]", rule.annotations["summary"]))])
    error_message = "Alerts are in Grafana's words."
  }
  assert {
    condition     = length(grafana_contact_point.this) == 0
    error_message = "Nobody is told unless named."
  }
}

run "a_folder_for_each_folder" {
  command = apply
  variables {
    dashboards_path = "tests/dashboards"
  }
  assert {
    condition     = output.folders == { operations = "iracing-operations", performance = "iracing-performance" } && output.dashboards == { "performance/home.json" = "/d/mock-home" }
    error_message = "A dashboard is in the folder of its file."
  }
  assert {
    condition     = grafana_dashboard.this["performance/home.json"].folder == "iracing-performance" && grafana_dashboard.this["performance/home.json"].overwrite && grafana_folder.this["performance"].title == "Performance"
    error_message = "An earlier version is replaced, in its folder."
  }
}

run "dashboard_without_uid" {
  command = plan
  variables {
    dashboards_path = "tests/without_uid"
  }
  expect_failures = [grafana_dashboard.this]
}

run "no_dashboards_where_some_were_named" {
  command = plan
  variables {
    dashboards_path = "tests/nowhere"
  }
  expect_failures = [var.dashboards_path]
}

run "grafana_cloud" {
  command = apply

  variables {
    postgres         = { host = "postgres.home", pdc_network_id = "pdc-1" }
    prometheus       = { url = "https://prometheus.example.net/api/prom", user = "1" }
    prometheus_token = "mock"
    alert_emails     = ["me@example.com"]
    docs_url         = "https://example.net/project/docs/"
  }

  assert {
    condition     = grafana_data_source.postgres.private_data_source_connect_network_id == "pdc-1" && jsondecode(grafana_data_source.postgres.json_data_encoded).enableSecureSocksProxy
    error_message = "The database is read through the private connection."
  }
  assert {
    condition     = grafana_data_source.prometheus.basic_auth_enabled
    error_message = "The stack's Prometheus asks for user and token."
  }
  assert {
    condition     = alltrue([for rule in grafana_rule_group.this["iracing-alerts"].rule : startswith(rule.annotations["runbook_url"], "https://example.net/project/docs/runbook.md#") && rule.notification_settings[0].contact_point == "iRacing"])
    error_message = "Alerts link to the runbook and tell who was named."
  }
}

run "host_with_a_port" {
  command = plan
  variables {
    postgres = { host = "db.example.net:5432" }
  }
  expect_failures = [var.postgres]
}

run "no_tls_over_a_network" {
  command = plan
  variables {
    postgres = { host = "db.example.net", sslmode = "disable" }
  }
  expect_failures = [var.postgres]
}

run "reading_as_the_owner" {
  command = plan
  variables {
    postgres = { host = "db.example.net", user = "iracing_owner" }
  }
  expect_failures = [var.postgres]
}

run "credentials_in_a_url" {
  command = plan
  variables {
    prometheus = { url = "https://user:token@prometheus.example.net" }
  }
  expect_failures = [var.prometheus]
}

run "two_ways_to_log_in" {
  command = plan
  variables {
    prometheus       = { url = "https://aps.example.net", user = "1", sigv4_region = "eu-west-1" }
    prometheus_token = "mock"
  }
  expect_failures = [var.prometheus]
}

run "user_without_token" {
  command = plan
  variables {
    prometheus = { url = "https://prometheus.example.net", user = "1" }
  }
  expect_failures = [var.prometheus_token]
}

run "no_address" {
  command = plan
  variables {
    alert_emails = ["me"]
  }
  expect_failures = [var.alert_emails]
}

run "docs_without_tls" {
  command = plan
  variables {
    docs_url = "http://example.net/docs/"
  }
  expect_failures = [var.docs_url]
}
