# Plans and applies against a provider that answers, but does nothing.
mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-west-1a"] }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_data "aws_ssm_parameter" {
    defaults = { insecure_value = "ami-00000000000000000" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
  }
}

variables {
  repository = "https://example.net/iracing-pipeline.git"
  revision   = "0123456789abcdef0123456789abcdef01234567"
}

run "nothing_is_let_in" {
  command = apply

  assert {
    condition     = aws_instance.this.metadata_options[0].http_tokens == "required" && aws_instance.this.root_block_device[0].encrypted && !aws_instance.this.root_block_device[0].delete_on_termination
    error_message = "The disk is encrypted and outlives the machine."
  }
  assert {
    condition     = aws_dlm_lifecycle_policy.snapshots.policy_details[0].target_tags["backup"] == "iracing" && aws_instance.this.volume_tags["backup"] == "iracing" && aws_dlm_lifecycle_policy.snapshots.policy_details[0].schedule[0].retain_rule[0].count >= 7
    error_message = "The disk is the one that is backed up."
  }
}

run "processors_of_another_kind" {
  command = plan
  variables {
    instance_type = "t3.medium"
  }
  expect_failures = [var.instance_type]
}

run "small_disk" {
  command = plan
  variables {
    disk_gb = 8
  }
  expect_failures = [var.disk_gb]
}

run "few_backups" {
  command = plan
  variables {
    backup_days = 1
  }
  expect_failures = [var.backup_days]
}
