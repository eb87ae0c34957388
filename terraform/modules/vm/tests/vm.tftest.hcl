variables {
  repository = "https://example.net/iracing-pipeline.git"
  revision   = "0123456789abcdef0123456789abcdef01234567"
}

run "closed_by_default" {
  command = apply

  assert {
    condition     = !can(regex("ufw, allow", output.cloud_init)) && yamldecode(output.cloud_init).ssh_pwauth == false
    error_message = "Nothing is let in."
  }
  assert {
    condition     = yamldecode(output.cloud_init).runcmd[5] == ["sudo", "-u", "iracing", "--chdir=/opt/iracing", "python", "-m", "iracing_pipeline", "stack", "setup", "--telemetry", "/srv/iracing/telemetry"]
    error_message = "The stack is set up as on any machine."
  }
  assert {
    condition     = contains(yamldecode(output.cloud_init).runcmd[4], var.revision)
    error_message = "The commit asked for is the one that runs."
  }
}

run "reached_by_others" {
  command = apply
  variables {
    public_names = ["racing.example.net", "192.0.2.7"]
    ssh_keys     = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMock me@example.net"]
    ssh_from     = ["192.0.2.0/24"]
    swap_gb      = 0
  }
  assert {
    condition     = contains(yamldecode(output.cloud_init).runcmd, ["ufw", "allow", "proto", "tcp", "from", "192.0.2.0/24", "to", "any", "port", "22"]) && contains(yamldecode(output.cloud_init).runcmd, ["ufw", "allow", "3443:3444/tcp"])
    error_message = "SSH from the named range, and the proxy."
  }
  assert {
    condition     = strcontains(output.cloud_init, "\"--production\", \"racing.example.net\", \"--production\", \"192.0.2.7\"") && !can(yamldecode(output.cloud_init).swap)
    error_message = "The production overlay for both names, and no swap."
  }
}

run "credentials_in_the_address" {
  command = plan
  variables {
    repository = "https://user:token@example.net/x.git"
  }
  expect_failures = [var.repository]
}

run "a_branch" {
  command = plan
  variables {
    revision = "main"
  }
  expect_failures = [var.revision]
}

run "an_address_with_a_scheme" {
  command = plan
  variables {
    public_names = ["https://racing.example.net"]
  }
  expect_failures = [var.public_names]
}

run "a_private_key" {
  command = plan
  variables {
    ssh_keys = ["-----BEGIN OPENSSH PRIVATE KEY-----"]
  }
  expect_failures = [var.ssh_keys]
}

run "ssh_from_everywhere" {
  command = plan
  variables {
    ssh_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMock me@example.net"]
    ssh_from = ["0.0.0.0/0"]
  }
  expect_failures = [var.ssh_from]
}

run "ssh_without_keys" {
  command = plan
  variables {
    ssh_from = ["192.0.2.0/24"]
  }
  expect_failures = [var.ssh_from]
}

run "much_swap" {
  command = plan
  variables {
    swap_gb = 64
  }
  expect_failures = [var.swap_gb]
}

run "too_many_keys" {
  command = plan
  variables {
    ssh_keys = [for number in range(200) : "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMockMockMockMockMockMockMockMockMockMockMock me${number}@example.net"]
  }
  expect_failures = [output.cloud_init]
}
