# Plans and applies against a provider that answers, but does nothing.
mock_provider "azurerm" {
  source = "./tests/mocks"
}

variables {
  region             = "westeurope"
  image              = "ghcr.io/example/iracing-pipeline@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  webserver_allowed  = ["10.8.0.0/24"]
  operator_addresses = ["192.0.2.1"]
  iracing_account = {
    client_id        = "mock-client"
    client_secret_id = "/subscriptions/mock/resourceGroups/mock/providers/Microsoft.KeyVault/vaults/mine/secrets/client"
  }
}

run "defaults_are_safe" {
  command = plan

  assert {
    condition     = !azurerm_postgresql_flexible_server.this.public_network_access_enabled && azurerm_postgresql_flexible_server.this.backup_retention_days >= 7
    error_message = "The database must be private and have a week of backups."
  }
  assert {
    condition     = azurerm_postgresql_flexible_server_configuration.this["require_secure_transport"].value == "on"
    error_message = "The database must refuse connections without TLS."
  }
  assert {
    condition     = toset(keys(azurerm_management_lock.this)) == toset(["database", "storage"])
    error_message = "Database and lake must refuse to be destroyed."
  }
  assert {
    condition     = !azurerm_storage_account.this.shared_access_key_enabled && !azurerm_storage_account.this.allow_nested_items_to_be_public && azurerm_storage_account.this.network_rules[0].default_action == "Deny"
    error_message = "The storage account takes neither keys nor strangers."
  }
  assert {
    condition     = azurerm_key_vault.this.purge_protection_enabled && azurerm_key_vault.this.network_acls[0].default_action == "Deny"
    error_message = "The vault keeps what is deleted, and refuses strangers."
  }
  assert {
    condition     = length(azurerm_monitor_workspace.this) == 0 && length(azurerm_nat_gateway.this) == 0 && length(azurerm_container_app_job.collector.schedule_trigger_config) == 0
    error_message = "What costs money must be asked for."
  }
  assert {
    condition     = length(azurerm_key_vault.this.name) <= 24 && length(azurerm_storage_account.this.name) <= 24
    error_message = "Names fit."
  }
}

run "long_names_fit" {
  command = plan
  variables {
    name        = "abcdefghijkl"
    environment = "stageabc"
  }
  assert {
    condition     = length(azurerm_key_vault.this.name) <= 24 && length(azurerm_storage_account.this.name) <= 24 && can(regex("^[a-z0-9]+$", azurerm_storage_account.this.name))
    error_message = "Names fit."
  }
}

run "one_daemon" {
  command = apply

  assert {
    condition     = azurerm_container_app.dagster[0].template[0].min_replicas == 1 && azurerm_container_app.dagster[0].template[0].max_replicas == 1 && length([for container in azurerm_container_app.dagster[0].template[0].container : container if container.name == "daemon"]) == 1
    error_message = "There is one daemon."
  }
  assert {
    condition     = azurerm_container_app_environment.this.internal_load_balancer_enabled && [for rule in azurerm_container_app.dagster[0].ingress[0].ip_security_restriction : rule.ip_address_range] == ["10.8.0.0/24"]
    error_message = "The webserver is internal, and for named ranges."
  }
  assert {
    condition     = alltrue(flatten([for container in azurerm_container_app.dagster[0].template[0].container : [for entry in container.env : entry.secret_name != null && entry.secret_name != "" if contains(["IRACING_DATABASE_URL", "IRACING_CLIENT_SECRET", "IRACING_PASSWORD", "IRACING_CLOUD_PUSH_TOKEN"], entry.name)]]))
    error_message = "Secrets come from the vault, not from the definition."
  }
  assert {
    #checkov:skip=CKV_SECRET_6:names of secrets, not secrets
    condition     = local.secret_urls["client-secret"] == "https://mine.vault.azure.net/secrets/client" && toset([for secret in azurerm_container_app_job.collector.secret : secret.name]) == toset(["database-url", "dagster-url", "client-secret"])
    error_message = "Secrets are named by their addresses; the collector knows neither administrator nor owner."
  }
}

run "containers_know_what_they_need" {
  #checkov:skip=CKV_SECRET_6:names of secrets, not secrets
  command = apply

  variables {
    iracing_account = {
      client_id         = "mock-client"
      client_secret_id  = "/subscriptions/mock/resourceGroups/mock/providers/Microsoft.KeyVault/vaults/mine/secrets/client"
      username          = "mock@example.com"
      account_secret_id = "/subscriptions/mock/resourceGroups/mock/providers/Microsoft.KeyVault/vaults/mine/secrets/account"
    }
    grafana_cloud = {
      remote_write_url = "https://prometheus.example.net/api/prom/push"
      user             = "1"
      token_secret_id  = "/subscriptions/mock/resourceGroups/mock/providers/Microsoft.KeyVault/vaults/mine/secrets/token"
    }
  }

  assert {
    condition = jsonencode({ for container in azurerm_container_app.dagster[0].template[0].container : container.name => sort([for entry in coalesce(container.env, []) : entry.name if entry.secret_name != null && entry.secret_name != ""]) }) == jsonencode({
      code-server = ["DAGSTER_POSTGRES_URL", "IRACING_CLIENT_SECRET", "IRACING_CLOUD_PUSH_TOKEN", "IRACING_DATABASE_URL", "IRACING_PASSWORD"]
      daemon      = ["DAGSTER_POSTGRES_URL"]
      metrics     = ["DAGSTER_POSTGRES_URL", "IRACING_DATABASE_URL"]
      prometheus  = []
      uploads     = []
      webserver   = ["DAGSTER_POSTGRES_URL"]
    })
    error_message = "A container holds a secret that it does not use, or lacks one."
  }
  assert {
    condition     = toset(flatten([for container in azurerm_container_app.dagster[0].template[0].container : [for entry in coalesce(container.env, []) : container.name if contains(["IRACING_CLIENT_ID", "IRACING_USERNAME", "IRACING_CLOUD_PUSH_URL"], entry.name)]])) == toset(["code-server"])
    error_message = "Only what asks iRacing is told of the account."
  }
  assert {
    condition = jsonencode({ for container in azurerm_container_app_job.collector.template[0].container : container.name => sort([for entry in coalesce(container.env, []) : entry.name if entry.secret_name != null && entry.secret_name != ""]) }) == jsonencode({
      collector = ["DAGSTER_POSTGRES_URL", "IRACING_CLIENT_SECRET", "IRACING_DATABASE_URL", "IRACING_PASSWORD"]
    })
    error_message = "The collector asks iRacing, and sends no metrics."
  }
}

run "everything_at_once" {
  command = apply

  variables {
    nat                  = true
    dagster_size         = "large"
    db_size              = "medium"
    db_high_availability = true
    collector_schedule   = "23 6 * * MON-FRI"
    managed_prometheus   = true
    tags                 = { team = "racing" }
  }

  assert {
    condition     = azurerm_container_app_job.collector.schedule_trigger_config[0].cron_expression == "23 6 * * MON-FRI"
    error_message = "The schedule is the one asked for."
  }
  assert {
    condition     = azurerm_postgresql_flexible_server.this.sku_name == "GP_Standard_D2ds_v5" && azurerm_postgresql_flexible_server.this.high_availability[0].mode == "ZoneRedundant"
    error_message = "A standby needs a size that can have one."
  }
  assert {
    condition     = sum([for container in azurerm_container_app.dagster[0].template[0].container : container.cpu]) <= 4
    error_message = "A replica has 4 CPUs at most."
  }
  assert {
    condition     = yamldecode(local.metric_files["prometheus.yml"]).remote_write[0].url == "https://metrics.example.net/dataCollectionRules/dcr-mock/streams/Microsoft-PrometheusMetrics/api/v1/write?api-version=2023-04-24"
    error_message = "Prometheus writes to the workspace's rule."
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
    condition     = length(azurerm_container_app.dagster) == 0 && output.webserver_url == null && output.collector == "iracing-prod-collector"
    error_message = "The collector runs without Dagster."
  }
}

run "grafana_cloud" {
  command = apply

  variables {
    grafana_cloud = {
      remote_write_url = "https://prometheus.example.net/api/prom/push"
      user             = "1"
      token_secret_id  = "/subscriptions/mock/resourceGroups/mock/providers/Microsoft.KeyVault/vaults/mine/secrets/token"
    }
  }

  assert {
    condition     = yamldecode(local.metric_files["prometheus.yml"]).remote_write[0].basic_auth.password_file == "/etc/iracing/cloud_token"
    error_message = "Prometheus reads the token from a file."
  }
  assert {
    condition     = length([for key, grant in azurerm_role_assignment.secret : key if key == "collector/cloud-token"]) == 0
    error_message = "The collector has no business with the token."
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
  expect_failures = [azurerm_container_app_job.collector]
}

run "secret_by_url" {
  command = plan
  variables {
    iracing_account = { client_id = "mock-client", client_secret_id = "https://mine.vault.azure.net/secrets/client" }
  }
  expect_failures = [azurerm_role_assignment.secret]
}
