# The alerts of prometheus/rules/alerts.yml, as rules of Grafana's: the same expressions, asked of
# the same data source as the dashboards. What they ask is recorded by the Prometheus beside the
# pipeline, which has prometheus/rules/recording.yml.
#
# Checkov leaves this file out: its parser takes the argument `for` for the word of an expression.
# It has no check for what is here anyway.

locals {
  groups = { for group in yamldecode(file("${local.root}/prometheus/rules/alerts.yml")).groups : group.name => group }
}

resource "grafana_contact_point" "this" {
  count = length(var.alert_emails) > 0 ? 1 : 0
  name  = "iRacing"

  email {
    addresses    = var.alert_emails
    single_email = true
  }
}

resource "grafana_rule_group" "this" {
  for_each         = local.groups
  name             = each.key
  folder_uid       = grafana_folder.this["operations"].uid
  interval_seconds = 60

  dynamic "rule" {
    for_each = each.value.rules
    content {
      # At most 40 characters.
      uid       = substr(rule.value.alert, 0, 40)
      name      = rule.value.alert
      for       = try(rule.value.for, "0s")
      is_paused = var.alerts_paused
      labels    = try(rule.value.labels, {})
      # $value is a number to Prometheus, and a text of all values to Grafana.
      annotations = {
        for name, text in try(rule.value.annotations, {}) :
        name => name == "runbook_url" && var.docs_url != null ? join("", [var.docs_url, trimprefix(text, "docs/")]) : replace(text, "$value", "$values.query.Value")
      }
      # As to Prometheus: a series that is there fires, whatever its value, and none is well.
      condition      = "fires"
      no_data_state  = "OK"
      exec_err_state = "Error"

      data {
        ref_id         = "query"
        datasource_uid = grafana_data_source.prometheus.uid
        relative_time_range {
          from = 600
          to   = 0
        }
        model = jsonencode({ refId = "query", expr = rule.value.expr, instant = true, range = false, editorMode = "code" })
      }
      data {
        ref_id         = "there"
        datasource_uid = "__expr__"
        relative_time_range {
          from = 0
          to   = 0
        }
        model = jsonencode({ refId = "there", type = "math", expression = "is_number($query) || is_nan($query) || is_inf($query)" })
      }
      data {
        ref_id         = "fires"
        datasource_uid = "__expr__"
        relative_time_range {
          from = 0
          to   = 0
        }
        model = jsonencode({
          refId      = "fires"
          type       = "threshold"
          expression = "there"
          conditions = [{ evaluator = { type = "gt", params = [0] } }]
        })
      }

      dynamic "notification_settings" {
        for_each = grafana_contact_point.this[*].name
        content {
          contact_point = notification_settings.value
          group_by      = ["alertname", "grafana_folder"]
        }
      }
    }
  }

  lifecycle {
    precondition {
      condition     = alltrue([for rule in each.value.rules : length(rule.alert) <= 40])
      error_message = "Grafana's uids have 40 characters: shorten the alert's name."
    }
  }
}
