import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An organization says how old the view of a gateway may be that accepts its tokens; its tokens carry that. */
export class OrganizationPolicy1764252000000 implements MigrationInterface {
  readonly name = 'OrganizationPolicy1764252000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table organizations
        add column policy text check (policy in ('strict', 'balanced', 'best-effort'));
      grant update (policy) on organizations to offswitch_service;

      -- Before a device token is redeemed, refreshed or given back. Its own row is taken for update at once: a reuse
      -- that is found on the way raises it, and a share lock could not be made stronger without a deadlock.
      create or replace function lock_family(p_org uuid, p_family uuid) returns jsonb language plpgsql volatile as $$
      declare v_user uuid; v_device uuid;
      begin
        perform pg_advisory_xact_lock_shared(organization_lock(p_org));
        -- Whose it is, and on which device, never changes.
        select t.user_id, t.device_id into v_user, v_device from device_tokens t
         where t.organization_id = p_org and t.id = p_family;
        if not found then return null; end if;
        perform lock_shared(p_org, 'user', v_user);
        perform lock_shared(p_org, 'device', v_device);
        perform lock_alone(p_org, 'family', p_family);
        return (select jsonb_build_object(
            'at', clock_timestamp(),
            'org', subject_standing(p_org, 'org', p_org),
            'user', subject_standing(p_org, 'user', v_user),
            'device', subject_standing(p_org, 'device', v_device),
            'family', subject_standing(p_org, 'family', p_family),
            'owner', v_user,
            'device_id', v_device,
            'device_identifier', d.device_id,
            'issued', jsonb_build_object('o', t.gen_o, 'u', t.gen_u, 'd', t.gen_d, 'f', t.gen_f),
            'scopes', t.scopes,
            'access_ttl_s', t.access_ttl_s,
            'policy', o.policy,
            'bootstrap_expires_at', t.bootstrap_expires_at,
            'redeemed_at', t.redeemed_at,
            'counter', t.counter,
            'refresh_digest', encode(t.refresh_digest, 'hex'),
            'refreshed_at', t.refreshed_at,
            'expires_at', t.expires_at,
            'revoked_kids', array(select k.kid from revoked_kids k))
          from device_tokens t
          join organizations o on o.id = p_org
          join devices d on d.organization_id = p_org and d.id = t.device_id
         where t.organization_id = p_org and t.id = p_family);
      end $$;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
