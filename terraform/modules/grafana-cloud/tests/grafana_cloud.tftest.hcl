# Plans and applies against a provider that answers, but does nothing.
mock_provider "grafana" {
  mock_resource "grafana_cloud_stack" {
    defaults = {
      id                               = "1"
      url                              = "https://mock.grafana.net"
      prometheus_remote_write_endpoint = "https://prometheus.example.net/api/prom/push"
      prometheus_remote_endpoint       = "https://prometheus.example.net/api/prom"
      prometheus_user_id               = 2
      cluster_slug                     = "prod-eu-west-2"
    }
  }
}

variables {
  slug   = "myracing"
  region = "eu"
}

run "least_rights" {
  command = apply

  assert {
    condition     = grafana_cloud_access_policy.metrics["write"].scopes == toset(["metrics:write"]) && grafana_cloud_access_policy.metrics["read"].scopes == toset(["metrics:read"])
    error_message = "A token has one right."
  }
  assert {
    condition     = alltrue([for policy in grafana_cloud_access_policy.metrics : policy.realm[0].type == "stack" && policy.realm[0].identifier == grafana_cloud_stack.this.id])
    error_message = "Rights are on this stack alone."
  }
  assert {
    condition     = grafana_cloud_stack.this.delete_protection && grafana_cloud_stack_service_account_rotating_token.content.seconds_to_live == 7776000
    error_message = "The stack is protected, and tokens end."
  }
  assert {
    condition     = output.remote_write == { remote_write_url = "https://prometheus.example.net/api/prom/push", user = "2" } && output.private_connection.grafana_id == "1"
    error_message = "Outputs do not match."
  }
}

run "public_database" {
  command = apply
  variables {
    private_database = false
    token_days       = 10
  }
  assert {
    condition     = output.private_connection == null && length(grafana_cloud_private_data_source_connect_network.this) == 0
    error_message = "No private connection was asked for."
  }
  assert {
    condition     = grafana_cloud_access_policy_rotating_token.metrics["write"].early_rotation_window == "48h"
    error_message = "Even a short token has two days in which it is replaced."
  }
}

run "short_name" {
  command = plan
  variables {
    name = "i"
  }
  expect_failures = [var.name]
}

run "slug_with_dashes" {
  command = plan
  variables {
    slug = "my-racing"
  }
  expect_failures = [var.slug]
}

run "region_in_words" {
  command = plan
  variables {
    region = "Western Europe"
  }
  expect_failures = [var.region]
}

run "token_for_ever" {
  command = plan
  variables {
    token_days = 3650
  }
  expect_failures = [var.token_days]
}

run "labels_in_words" {
  command = plan
  variables {
    labels = { team = "my racing team" }
  }
  expect_failures = [var.labels]
}
