import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The first trip of issue, redeem and refresh: lock, and only then, in a later statement with a snapshot and a clock
 * of its own, read. Lock order: organization, then user and device (shared),
 * then the family (alone). Whoever revokes one of them has it alone: either it comes first, and is seen here, or it
 * comes after, and finds what was issued.
 */
export class DeviceTokens1763900000600 implements MigrationInterface {
  readonly name = 'DeviceTokens1763900000600';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Null when the row is missing, which refuses.
      create function subject_standing(p_org uuid, p_scope text, p_id uuid) returns jsonb language sql stable
      begin atomic
        select jsonb_build_object('generation', g.generation, 'holds', array(select jsonb_object_keys(g.holds)))
          from subject_generations g
         where g.organization_id = p_org and g.scope = p_scope and g.subject_id = p_id;
      end;

      -- Before a device token is issued. With p_alone nobody else acts on the device until we are done: it may be
      -- about to get an owner.
      create function lock_issue(p_org uuid, p_user uuid, p_device uuid, p_alone boolean) returns jsonb
      language plpgsql volatile as $$
      begin
        perform pg_advisory_xact_lock_shared(organization_lock(p_org));
        perform lock_shared(p_org, 'user', p_user);
        if p_alone then
          perform lock_alone(p_org, 'device', p_device);
        else
          perform lock_shared(p_org, 'device', p_device);
        end if;
        return (select jsonb_build_object(
          'at', clock_timestamp(),
          'org', subject_standing(p_org, 'org', p_org),
          'user', subject_standing(p_org, 'user', p_user),
          'device', subject_standing(p_org, 'device', p_device)));
      end $$;

      -- Before a device token is redeemed, refreshed or given back. Its own row is taken for update at once: a reuse
      -- that is found on the way raises it, and a share lock could not be made stronger without a deadlock.
      create function lock_family(p_org uuid, p_family uuid) returns jsonb language plpgsql volatile as $$
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
            'bootstrap_expires_at', t.bootstrap_expires_at,
            'redeemed_at', t.redeemed_at,
            'counter', t.counter,
            'refresh_digest', encode(t.refresh_digest, 'hex'),
            'refreshed_at', t.refreshed_at,
            'expires_at', t.expires_at)
          from device_tokens t
          join devices d on d.organization_id = p_org and d.id = t.device_id
         where t.organization_id = p_org and t.id = p_family);
      end $$;

      -- Before a device is taken from a user: its families of that user, each by id, are ended with it.
      create function lock_takeback(p_org uuid, p_user uuid, p_device uuid) returns jsonb language plpgsql volatile as $$
      begin
        perform lock_issue(p_org, p_user, p_device, true);
        perform from subject_generations g
          where g.organization_id = p_org and g.scope = 'family'
            and g.subject_id in (select t.id from device_tokens t
                                  where t.organization_id = p_org and t.device_id = p_device and t.user_id = p_user
                                    and t.revoked_at is null)
          order by g.subject_id for update;
        return (select jsonb_build_object(
            'at', clock_timestamp(),
            'families', coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'generation', g.generation) order by t.id),
                                 '[]'::jsonb))
          from device_tokens t
          join subject_generations g on g.organization_id = p_org and g.scope = 'family' and g.subject_id = t.id
         where t.organization_id = p_org and t.device_id = p_device and t.user_id = p_user
           and t.revoked_at is null and t.expires_at > clock_timestamp());
      end $$;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
