# The cheapest honest deployment: one small machine that runs the stack of Compose as it is. Nothing
# is let in; Session Manager opens Dagster, Grafana and a shell to whoever the account lets.
#
#   aws ssm start-session --target $(terraform output -raw instance) \
#     --document-name AWS-StartPortForwardingSession --parameters portNumber=3001,localPortNumber=3001

terraform {
  required_version = "~> 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # Keep the state where it is encrypted and locked, for example:
  # backend "s3" {
  #   bucket       = "my-terraform-state"
  #   key          = "iracing/vm.tfstate"
  #   region       = "eu-west-1"
  #   encrypt      = true
  #   use_lockfile = true
  # }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = { application = "iracing", managed_by = "terraform" }
  }
}

# Another cloud's machine takes the same text.
module "machine" {
  source = "../../modules/vm"

  repository = var.repository
  revision   = var.revision
}

data "aws_availability_zones" "available" {
  state = "available"

  #checkov:skip=CKV_AWS_394:one zone is used, the first
}

# Canonical's newest Ubuntu 24.04.
data "aws_ssm_parameter" "ubuntu" {
  name = "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id"
}

resource "aws_vpc" "this" {
  cidr_block = "10.43.0.0/24"

  #checkov:skip=CKV2_AWS_11:flow logs of one machine that lets nothing in cost more than they tell
}

resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.this.id
}

resource "aws_subnet" "this" {
  vpc_id                  = aws_vpc.this.id
  availability_zone       = data.aws_availability_zones.available.names[0]
  cidr_block              = "10.43.0.0/26"
  map_public_ip_on_launch = false
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_route_table" "this" {
  vpc_id = aws_vpc.this.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this.id
  }
}

resource "aws_route_table_association" "this" {
  subnet_id      = aws_subnet.this.id
  route_table_id = aws_route_table.this.id
}

resource "aws_security_group" "this" {
  name        = "iracing"
  description = "Out to iRacing, packages, images and Session Manager; nothing in"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_egress_rule" "this" {
  for_each          = toset(["80", "443"])
  security_group_id = aws_security_group.this.id
  description       = "iRacing, packages (80), images, Session Manager"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = tonumber(each.key)
  to_port           = tonumber(each.key)
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "machine" {
  name               = "iracing-machine"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy_attachment" "machine" {
  role       = aws_iam_role.machine.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_instance_profile" "machine" {
  name = "iracing-machine"
  role = aws_iam_role.machine.name
}

resource "aws_instance" "this" {
  ami                         = data.aws_ssm_parameter.ubuntu.insecure_value
  instance_type               = var.instance_type
  subnet_id                   = aws_subnet.this.id
  vpc_security_group_ids      = [aws_security_group.this.id]
  iam_instance_profile        = aws_iam_instance_profile.machine.name
  associate_public_ip_address = true
  disable_api_termination     = true
  ebs_optimized               = true
  monitoring                  = false
  user_data_base64            = base64gzip(module.machine.cloud_init)
  user_data_replace_on_change = false
  tags                        = { Name = "iracing" }
  volume_tags                 = { Name = "iracing", backup = "iracing" }

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
    # Containers are one hop further: they have no business with the machine's role.
    http_put_response_hop_limit = 1
  }
  root_block_device {
    volume_type           = "gp3"
    volume_size           = var.disk_gb
    encrypted             = true
    delete_on_termination = false
  }

  #checkov:skip=CKV_AWS_88:it needs an address to go out; the security group lets nothing in
  #checkov:skip=CKV_AWS_126:the stack watches itself

  lifecycle {
    # A newer image or another commit is no reason to throw the disk away: upgrade in place.
    ignore_changes = [ami, user_data_base64]
  }
}

data "aws_iam_policy_document" "assume_snapshots" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["dlm.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "snapshots" {
  name               = "iracing-snapshots"
  assume_role_policy = data.aws_iam_policy_document.assume_snapshots.json
}

resource "aws_iam_role_policy_attachment" "snapshots" {
  role       = aws_iam_role.snapshots.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole"
}

# The whole disk every night, for as many days as in the other examples. PostgreSQL comes up from
# such a snapshot as after a power cut; `iracing-pipeline backup` is the finer tool.
resource "aws_dlm_lifecycle_policy" "snapshots" {
  description        = "iRacing - the disk every night"
  execution_role_arn = aws_iam_role.snapshots.arn
  state              = "ENABLED"

  policy_details {
    resource_types = ["VOLUME"]
    target_tags    = { backup = "iracing" }

    schedule {
      name = "nightly"
      create_rule {
        interval      = 24
        interval_unit = "HOURS"
        times         = ["03:30"]
      }
      retain_rule {
        count = var.backup_days
      }
      copy_tags = true
    }
  }
}
